import type { Todo, TodoPatch } from '../../client/index.js';
import type { MirrorOperation, RejectedWrite } from '../../client/mirror/index.js';
import { useProfile, useSession, useSnapshot } from '../app/contexts.js';
import { Button } from '../design/button.js';
import { fieldNames, say } from './say-field.js';

/** A write that the service refused: all that was written, so that nothing of it is lost, why, and what can be done. */
export function RefusedWrite({ write: { id, problem, operations } }: { write: RejectedWrite }) {
  const { mirror } = useSession();
  const { todos } = useSnapshot();
  const { timeZone } = useProfile();
  const [first, ...others] = sendable(operations, todos);
  const sendAgain = (): void => {
    if (first !== undefined) {
      mirror.batch([first, ...others]);
    }
    mirror.dismiss(id);
  };
  return (
    <section className="notice refused" data-tone="problem" aria-label="Refused by the service">
      <div className="stack">
        <p>
          <b>The service refused this:</b> {problem.detail}
        </p>
        {problem.errors !== undefined && (
          <ul>
            {problem.errors.map(({ pointer, detail }) => (
              <li key={`${pointer}${detail}`}>
                {nameOf(pointer)} {detail}
              </li>
            ))}
          </ul>
        )}
        <dl className="refused-fields">
          {operations.flatMap((operation) =>
            linesOf(operation, todos, timeZone).map(([name, text], line) => (
              // Each line is of one place of one operation.
              // oxlint-disable-next-line react/no-array-index-key
              <div key={`${operation.op === 'create' ? '' : operation.id}${line}`}>
                <dt>{name}</dt>
                <dd>{text}</dd>
              </div>
            )),
          )}
        </dl>
        <div className="row">
          {first !== undefined && (
            <Button size="small" onClick={sendAgain}>
              Send again
            </Button>
          )}
          <Button size="small" look="danger" onClick={() => mirror.dismiss(id)}>
            Discard
          </Button>
        </div>
      </div>
    </section>
  );
}

/** What can be sent anew: of a todo that was never made one creation, with what was changed of it since; and changes of todos that are still there. */
function sendable(operations: readonly MirrorOperation[], todos: readonly Todo[]): MirrorOperation[] {
  const [first, ...others] = operations;
  if (first?.op !== 'create') {
    return operations.filter((operation) => operation.op !== 'create' && todos.some(({ id }) => id === operation.id));
  }
  const todo = others.reduce((content, operation) => (operation.op === 'patch' ? ({ ...content, ...operation.patch } as typeof content) : content), first.todo);
  return others.some(({ op }) => op === 'delete') ? [] : [{ op: 'create', todo }];
}

/** The field that a pointer leads to, such as `/operations/0/todo/title`. */
function nameOf(pointer: string): string {
  const name = pointer.split('/').find((part): part is keyof TodoPatch => part in fieldNames);
  return name === undefined ? '' : fieldNames[name];
}

/** What an operation was to do, field by field. */
function linesOf(operation: MirrorOperation, todos: readonly Todo[], timeZone: string): (readonly [string, string])[] {
  const todo = operation.op === 'create' ? undefined : todos.find(({ id }) => id === operation.id);
  const head = todo === undefined ? [] : [[operation.op === 'delete' ? 'Delete' : 'Change', todo.title] as const];
  const written = operation.op === 'create' ? operation.todo : operation.op === 'patch' ? operation.patch : {};
  const fields = (Object.keys(fieldNames) as (keyof TodoPatch)[]).filter((name) => written[name] !== undefined);
  return [...head, ...fields.map((name) => [fieldNames[name], say(written as Pick<Todo, keyof TodoPatch>, name, timeZone)] as const)];
}
