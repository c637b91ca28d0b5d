import type { DuetClient, Todo } from '../index.js';
import { CommandError, UsageError } from './world.js';

/** The shortest that is shown, in characters: of a few thousand todos, hardly two end alike. */
const leastLength = 6;
const wholeId = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i;

// The end of an id, since the beginning of a UUIDv7 is its time: todos of one import would all begin alike.
const digitsOf = (id: string): string => id.replaceAll('-', '');

/** The ends of ids, all as short as they can be told apart. */
export function shortIds(ids: readonly string[]): string[] {
  const digits = ids.map(digitsOf);
  for (let length = leastLength; length < 32; length += 1) {
    const short = digits.map((text) => text.slice(-length));
    if (new Set(short).size === new Set(digits).size) {
      return short;
    }
  }
  return [...ids];
}

/**
 * The todo with this id, or the only one whose id ends so.
 *
 * @throws UsageError, CommandError
 */
export async function findTodo(duet: DuetClient, id: string): Promise<Todo> {
  if (wholeId.test(id)) {
    return duet.todos.get(id);
  }
  if (!/^[\da-f]{4,31}$/i.test(id)) {
    throw new UsageError(`“${id}” is no id of a todo: give what “duet todos” shows before a title`);
  }
  const found: Todo[] = [];
  for (const archived of [false, true]) {
    for await (const todo of duet.todos.list({ limit: 100, archived: archived ? 'true' : undefined })) {
      if (digitsOf(todo.id).endsWith(id.toLowerCase())) {
        found.push(todo);
      }
    }
  }
  const [todo, ...more] = found;
  if (todo === undefined) {
    throw new CommandError(`No todo of yours has an id that ends with ${id}`);
  }
  if (more.length > 0) {
    throw new CommandError(
      `${found.length} todos have ids that end with ${id}: ${found.map((one) => `${digitsOf(one.id).slice(-12)} (${one.title})`).join(', ')}`,
    );
  }
  return todo;
}
