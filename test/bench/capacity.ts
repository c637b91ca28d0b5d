import { LambdaEnvironment } from '../support/lambda-runtime/lambda-environment.js';
import type { EventRequest } from '../support/aws/lambda-events.js';
import { startWireProxy, type WireCall } from '../support/faults/wire-proxy.js';
import type { Contestants } from './bench-options.js';
import type { Section } from './report.js';
import { type HttpResult, password, type Stage, withEnvironment } from './stage.js';

interface Units {
  read: number;
  write: number;
  calls: string[];
}

/** A route as it is called here, and what it is called in the table. */
interface Step extends Omit<EventRequest, 'body'> {
  readonly name: string;
  readonly body?: object;
  readonly status: number;
  /** Takes from the answer what later steps need. */
  readonly keep?: (body: any) => void;
}

/**
 * What each route costs at DynamoDB, in request units, as the local server reports them (`ReturnConsumedCapacity`, added on the wire). Items here are
 * small: one unit holds 4 KB of reads and 1 KB of writes.
 */
export async function measureCapacity(stage: Stage, contestants: Contestants): Promise<Section> {
  let units: Units = { read: 0, write: 0, calls: [] };
  const unreported = new Set<string>();
  const proxy = await startWireProxy(stage.variables['DYNAMODB_ENDPOINT'] ?? '', async (call, forward) => {
    const answer = await forward({ ...call.input, ReturnConsumedCapacity: 'TOTAL' });
    const consumed = [answer['ConsumedCapacity'] ?? []].flat() as Consumed[];
    if (consumed.length === 0 && !isRefusal(answer)) {
      unreported.add(call.operation);
    }
    units.calls.push(call.operation);
    for (const one of consumed) {
      add(units, call, one);
    }
    units.write += unitsOfRefusal(call, answer);
  });
  try {
    const { node, client } = stage;
    const variables = { ...stage.variables, DYNAMODB_ENDPOINT: proxy.endpoint };
    const figures = await withEnvironment(await LambdaEnvironment.start({ folder: contestants.duet, variables, node, client }), async (environment) => {
      const measured: { readonly route: string; readonly read: number; readonly write: number; readonly calls: readonly string[] }[] = [];
      const userId = await stage.register('capacity@example.com');
      const state: State = { userId, todoId: '', refreshToken: '', token: '' };
      for (const makeStep of steps) {
        const { name, status, body, keep, headers, ...request } = makeStep(state);
        units = { read: 0, write: 0, calls: [] };
        const event = stage.eventOf(userId, {
          ...request,
          headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
          ...(body !== undefined && { body: JSON.stringify(body) }),
        });
        const answer = await environment.invoke<HttpResult>(event);
        if (answer.statusCode !== status) {
          throw new Error(`${name} answered ${answer.statusCode}: ${answer.body}\n${environment.log}`);
        }
        keep?.(JSON.parse(answer.body));
        measured.push({ route: name, ...units });
      }
      return measured;
    });
    return {
      name: 'capacity',
      title: 'DynamoDB request units a call',
      columns: ['route', 'read units', 'write units', 'calls'],
      rows: figures.map(({ route, read, write, calls }) => [route, String(read), String(write), describeCalls(calls)]),
      notes: [
        `As the local server reports them, for small items${unreported.size === 0 ? '' : `; it reports none for ${[...unreported].sort().join(', ')}`}.`,
        'Writes that a condition refused, for which it reports nothing, are counted as if they had been made: AWS charges them too.',
      ],
      verdicts: [],
      figures,
    };
  } finally {
    await proxy.stop();
  }
}

/** `GetItem x 2, UpdateItem` */
function describeCalls(calls: readonly string[]): string {
  const times = (operation: string) => calls.filter((one) => one === operation).length;
  return [...new Set(calls)].map((operation) => (times(operation) === 1 ? operation : `${operation} x ${times(operation)}`)).join(', ') || 'none';
}

interface Consumed {
  readonly CapacityUnits?: number;
  readonly ReadCapacityUnits?: number;
  readonly WriteCapacityUnits?: number;
}

const reads = new Set(['GetItem', 'BatchGetItem', 'Query', 'Scan', 'TransactGetItems']);

function add(units: Units, { operation }: WireCall, { CapacityUnits = 0, ReadCapacityUnits, WriteCapacityUnits }: Consumed): void {
  const isRead = reads.has(operation);
  units.read += ReadCapacityUnits ?? (isRead ? CapacityUnits : 0);
  units.write += WriteCapacityUnits ?? (isRead ? 0 : CapacityUnits);
}

const isRefusal = (answer: Record<string, unknown>): boolean => /#(ConditionalCheckFailed|TransactionCanceled)Exception$/.test(String(answer['__type']));

/** A condition that does not hold costs what the write would have, and the local server reports none of it; here every item is below 1 KB. */
function unitsOfRefusal({ input }: WireCall, answer: Record<string, unknown>): number {
  return isRefusal(answer) ? ((input['TransactItems'] as unknown[] | undefined)?.length ?? 0.5) * 2 : 0;
}

interface State {
  readonly userId: string;
  todoId: string;
  refreshToken: string;
  token: string;
}

const todo = { title: 'Water the plants', due: '2099-12-31', tags: ['home'] };
const key = { 'idempotency-key': 'capacity-1' };

/** In an order in which each has what it needs. */
const steps: readonly ((state: State) => Step)[] = [
  () => ({ name: 'GET /counter', method: 'GET', path: '/counter', status: 200 }),
  () => ({ name: 'POST /counter', method: 'POST', path: '/counter', status: 200 }),
  () => ({ name: 'POST /counter, keyed', method: 'POST', path: '/counter', headers: key, status: 200 }),
  () => ({ name: 'POST /users', method: 'POST', path: '/users', body: { email: 'capacity-2@example.com', name: 'Bench', password }, status: 201 }),
  (state) => ({
    name: 'POST /auth/login',
    method: 'POST',
    path: '/auth/login',
    body: { email: 'capacity@example.com', password },
    status: 200,
    keep: (body) => (state.refreshToken = body.refreshToken as string),
  }),
  ({ refreshToken }) => ({ name: 'POST /auth/refresh', method: 'POST', path: '/auth/refresh', body: { refreshToken }, status: 200 }),
  ({ userId }) => ({ name: 'GET /users/{id}', method: 'GET', path: `/users/${userId}`, status: 200 }),
  (state) => ({
    name: 'POST /users/{id}/todos',
    method: 'POST',
    path: `/users/${state.userId}/todos`,
    body: todo,
    status: 201,
    keep: (body) => (state.todoId = body.id as string),
  }),
  ({ userId }) => ({ name: 'POST /users/{id}/todos, keyed', method: 'POST', path: `/users/${userId}/todos`, headers: key, body: todo, status: 201 }),
  ({ userId }) => ({ name: 'POST /users/{id}/todos, replayed', method: 'POST', path: `/users/${userId}/todos`, headers: key, body: todo, status: 201 }),
  ({ userId }) => ({ name: 'GET /users/{id}/todos', method: 'GET', path: `/users/${userId}/todos`, status: 200 }),
  ({ userId }) => ({ name: 'GET /users/{id}/todos?sort=due', method: 'GET', path: `/users/${userId}/todos`, query: 'sort=due', status: 200 }),
  ({ todoId }) => ({ name: 'GET /todos/{id}', method: 'GET', path: `/todos/${todoId}`, status: 200 }),
  ({ todoId }) => ({ name: 'PUT /todos/{id}', method: 'PUT', path: `/todos/${todoId}`, body: todo, status: 200 }),
  ({ todoId }) => ({ name: 'PATCH /todos/{id}', method: 'PATCH', path: `/todos/${todoId}`, body: { status: 'done' }, status: 200 }),
  ({ userId }) => ({ name: 'GET /dashboard/{id}', method: 'GET', path: `/dashboard/${userId}`, status: 200 }),
  (state) => ({
    name: 'GET /users/{id}/changes, from the beginning',
    method: 'GET',
    path: `/users/${state.userId}/changes`,
    status: 200,
    keep: (body) => (state.token = body.next as string),
  }),
  ({ userId, token }) => ({ name: 'GET /users/{id}/changes, empty', method: 'GET', path: `/users/${userId}/changes`, query: `since=${token}`, status: 200 }),
  ({ userId }) => ({
    name: 'POST /users/{id}/todos/batch, 50 created',
    method: 'POST',
    path: `/users/${userId}/todos/batch`,
    body: { operations: Array.from({ length: 50 }, () => ({ op: 'create', todo })) },
    status: 200,
  }),
  ({ userId }) => ({
    name: 'POST /users/{id}/todos/batch, 50 more',
    method: 'POST',
    path: `/users/${userId}/todos/batch`,
    body: { operations: Array.from({ length: 50 }, () => ({ op: 'create', todo })) },
    status: 200,
  }),
  ({ userId, token }) => ({
    name: 'GET /users/{id}/changes, a page of 100',
    method: 'GET',
    path: `/users/${userId}/changes`,
    query: `since=${token}`,
    status: 200,
  }),
  ({ todoId }) => ({ name: 'DELETE /todos/{id}', method: 'DELETE', path: `/todos/${todoId}`, status: 204 }),
  ({ userId }) => ({ name: 'POST /dynamo', method: 'POST', path: '/dynamo', body: { user_id: userId, colour: 'green' }, status: 201 }),
  ({ userId }) => ({ name: 'GET /dynamo?user_id=', method: 'GET', path: '/dynamo', query: `user_id=${userId}`, status: 200 }),
  ({ userId }) => ({
    name: 'PATCH /dynamo',
    method: 'PATCH',
    path: '/dynamo',
    body: { user_id: userId, updatedKey: 'colour', updatedValue: 'blue' },
    status: 200,
  }),
  ({ userId }) => ({ name: 'DELETE /dynamo?user_id=', method: 'DELETE', path: '/dynamo', query: `user_id=${userId}`, status: 204 }),
  () => ({ name: 'GET /health', method: 'GET', path: '/health', status: 200 }),
  ({ userId }) => ({ name: 'DELETE /users/{id}', method: 'DELETE', path: `/users/${userId}`, status: 204 }),
];
