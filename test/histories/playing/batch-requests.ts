import type { Answer } from '../../support/service.js';
import type { TokenBearer } from '../../support/tokens.js';
import type { Effect } from '../judging/history.js';
import type { BatchWrite, ListInput } from '../judging/models/list.js';
import type { TodoInput } from '../judging/models/todo.js';
import { type Actor, type Play, type Send, statusOf, todoOutput } from './todo-requests.js';

type Operation = BatchWrite & { readonly title: string; readonly ifVersion?: number };

/** A todo is made, and some of the latest are changed or deleted, all or none. */
export async function writeBatch(send: Send, { recorder, ids }: Play, user: TokenBearer, { client, random, name }: Actor): Promise<void> {
  const known = ids.get(user.id) ?? [];
  const changed = known.slice(-3).filter(() => random() < 0.5);
  const operations: readonly Operation[] = [
    ...changed.map((id, index): Operation => {
      const common = { id, title: `${name}.${index}`, ...(random() < 0.2 && { ifVersion: 1 + Math.floor(random() * 3) }) };
      return random() < 0.25 ? { ...common, op: 'delete' } : { ...common, op: 'patch', status: statusOf(random) };
    }),
    { op: 'create', title: `${name}.new` },
  ];
  const answer = await recorder.record(
    client,
    async () => send('POST', `/users/${user.id}/todos/batch`, { token: user.token, body: { operations: operations.map(asked) } }),
    (given) => [
      {
        object: `list ${user.id}`,
        input: { op: 'batch', writes: operations } satisfies ListInput,
        output: ({ status, body }) => ({ done: status === 200, ids: (body.results as { id: string }[] | undefined)?.map(({ id }) => id) }),
      },
      ...operations.flatMap((operation, index) => effectOnTodo(operation, index, given)),
    ],
  );
  if (answer?.status === 200) {
    ids.get(user.id)?.push(answer.body.results.at(-1).id);
  }
}

function asked({ title, ...operation }: Operation): object {
  switch (operation.op) {
    case 'create':
      return { op: 'create', todo: { title } };
    case 'patch': {
      const { status, ...rest } = operation;
      return { ...rest, patch: { title, status } };
    }
    case 'delete':
      return operation;
  }
}

/** What a batch means to one of its todos. Of a batch that was refused, only the first operation that failed says something: the others were not tried. */
function effectOnTodo(operation: Operation, index: number, given: Answer | null): Effect[] {
  const isKnown = given !== null && given.status !== 503;
  const result = given?.status === 200 ? given.body.results[index] : undefined;
  // A refusal of another kind (no such route, say, where a mistake is planted) names no operation.
  if (isKnown && result === undefined && given.body.errors?.[0].pointer !== `/operations/${index}`) {
    return [];
  }
  // Which todo a creation would be is known only from an answer.
  const id = operation.op === 'create' ? result?.id : operation.id;
  const { title, ifVersion } = operation;
  const condition = ifVersion === undefined ? {} : { ifVersion };
  const inputs = {
    create: { op: 'create', title },
    patch: { op: 'patch', title, ...(operation.op === 'patch' && { status: operation.status }), ...condition },
    delete: { op: 'delete', ...condition },
  } as const satisfies Record<Operation['op'], TodoInput>;
  const status = { create: 201, patch: 200, delete: 204 }[operation.op];
  const output = (answer: Answer): unknown => (result === undefined ? { status: answer.status } : todoOutput({ status, body: result.todo }));
  return id === undefined ? [] : [{ object: `todo ${id}`, input: inputs[operation.op], output }];
}
