import { DuetProblemError, type DuetClient, type Todo, type TodoContent } from '../index.js';
import { CommandError } from './world.js';

/** How many are created at once. */
const lanes = 4;
/** How many failures are listed. */
const mostShown = 10;

/**
 * Creates todos in the order given. The same todos again, within a day, create nothing twice: each has a key made of its content and its place.
 *
 * @throws CommandError naming each todo that was refused, once the others have been created
 */
export async function importTodos(duet: DuetClient, contents: readonly TodoContent[], onDone: () => void): Promise<Todo[]> {
  const created: Todo[] = [];
  const refused: string[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < contents.length) {
      const index = next;
      next += 1;
      const content = contents[index] as TodoContent;
      try {
        created[index] = await duet.todos.create(content, { idempotencyKey: await keyOf(content, index) });
      } catch (error) {
        // What is wrong with one todo is nothing against the next; anything else would meet them all.
        if (!(error instanceof DuetProblemError) || error.status !== 400) {
          throw error;
        }
        refused[index] = `todo ${index + 1}: ${error.errors.map(({ pointer, detail }) => `${pointer} ${detail}`).join('; ') || error.detail}`;
      }
      onDone();
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  const problems = refused.filter(Boolean);
  if (problems.length > 0) {
    const more = problems.length > mostShown ? [`and ${problems.length - mostShown} more`] : [];
    const done = created.filter(Boolean).length;
    throw new CommandError(
      [`${problems.length} of ${contents.length} todos were refused, ${done} imported:`, ...problems.slice(0, mostShown), ...more].join('\n  '),
    );
  }
  return created;
}

async function keyOf(content: TodoContent, index: number): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(JSON.stringify([index, content])));
  return `import-${Buffer.from(hash).toString('base64url')}`;
}
