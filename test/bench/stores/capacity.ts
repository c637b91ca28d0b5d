import { DeleteItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { goneKey, todoKey } from '../../../src/features/todos/persistence/todo-keys.js';
import { parseConfig } from '../../../src/config/config.js';
import { LambdaEnvironment } from '../../support/lambda-runtime/lambda-environment.js';
import type { EventRequest } from '../../support/aws/lambda-events.js';
import { startWireProxy, type WireCall } from '../../support/faults/wire-proxy.js';
import type { Section, Verdict } from '../report.js';
import { type HttpResult, password, type Stage, withEnvironment } from '../stage.js';

interface Units {
  read: number;
  write: number;
  /** Of the write units, those of the change feed: of the index `byRevision`, and of markers that take no todo’s place. */
  feed: number;
  calls: string[];
}

const nothingYet = (): Units => ({ read: 0, write: 0, feed: 0, calls: [] });

/** A route as it is called here, and what it is called in the table. */
interface Step extends Omit<EventRequest, 'body'> {
  readonly name: string;
  readonly body?: object;
  readonly status: number;
  /** How many todos it writes, where it is not one. */
  readonly todos?: number;
  /** Takes from the answer what later steps need. */
  readonly keep?: (body: any) => void;
}

/** A todo that TTL removes, and the stream function archives. */
interface Expiry {
  readonly name: string;
  readonly expired: string;
}

/**
 * What each route costs at DynamoDB, in request units, as the local server reports them (`ReturnConsumedCapacity`, added on the wire). Items here are
 * small: one unit holds 4 KB of reads and 1 KB of writes.
 */
export async function measureCapacity(stage: Stage, functions: { readonly http: string; readonly stream: string }): Promise<Section> {
  let units = nothingYet();
  const unreported = new Set<string>();
  const proxy = await startWireProxy(stage.variables['DYNAMODB_ENDPOINT'] ?? '', async (call, forward) => {
    const answer = await forward({ ...call.input, ReturnConsumedCapacity: 'INDEXES' });
    const consumed = [answer['ConsumedCapacity'] ?? []].flat() as Consumed[];
    if (consumed.length === 0 && !isRefusal(answer)) {
      unreported.add(call.operation);
    }
    units.calls.push(call.operation);
    for (const one of consumed) {
      add(units, call, one);
    }
    units.write += unitsOfRefusal(call, answer);
    units.feed += call.operation === 'TransactWriteItems' && JSON.stringify(call.input).includes(goneMarker) ? 2 : 0;
  });
  const { node, client } = stage;
  const variables = { ...stage.variables, DYNAMODB_ENDPOINT: proxy.endpoint };
  const start = async (folder: string) => LambdaEnvironment.start({ folder, variables, node, client });
  try {
    const figures = await withEnvironment(await start(functions.http), async (http) =>
      withEnvironment(await start(functions.stream), async (stream) => {
        const measured: (Units & { readonly route: string; readonly todos: number })[] = [];
        const userId = await stage.register('capacity@example.com');
        const state: State = { userId, todoId: '', otherId: '', ids: [], refreshToken: '', token: '' };
        for (const makeStep of steps) {
          const step = makeStep(state);
          units = nothingYet();
          if ('expired' in step) {
            const removal = await removeByTtl(stage, userId, step.expired);
            units = nothingYet();
            await stream.invoke(removal);
          } else {
            await ask(http, stage, userId, step);
          }
          measured.push({ route: step.name, todos: 'todos' in step ? (step.todos ?? 1) : 1, ...units });
        }
        return measured.filter(({ route }, index) => measured.findIndex((one) => one.route === route) === index);
      }),
    );
    return {
      name: 'capacity',
      title: 'DynamoDB request units a call',
      columns: ['route', 'read units', 'write units', 'without the feed', 'calls'],
      rows: figures.map(({ route, read, write, feed, calls }) => [route, String(read), String(write), String(write - feed), describeCalls(calls)]),
      notes: [
        `As the local server reports them, for small items${unreported.size === 0 ? '' : `; it reports none for ${[...unreported].sort().join(', ')}`}.`,
        'Writes that a condition refused, for which it reports nothing, are counted as if they had been made: AWS charges them too.',
      ],
      verdicts: [
        budget(
          'write units of the change feed, a todo written',
          2,
          figures.filter(({ route }) => route !== erasure).map(({ feed, todos }) => feed / todos),
        ),
        budget(
          'read units of an empty poll of the change feed',
          1,
          figures.filter(({ route }) => route === emptyPoll).map(({ read }) => read),
        ),
      ],
      figures,
    };
  } finally {
    await proxy.stop();
  }
}

async function ask(
  http: LambdaEnvironment,
  stage: Stage,
  userId: string,
  { name, status, body, keep, headers, todos: _todos, ...request }: Step,
): Promise<void> {
  const event = stage.eventOf(userId, {
    ...request,
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const answer = await http.invoke<HttpResult>(event);
  if (answer.statusCode !== status) {
    throw new Error(`${name} answered ${answer.statusCode}: ${answer.body}\n${http.log}`);
  }
  keep?.(JSON.parse(answer.body));
}

/** Deletes a todo as TTL does, and gives the event that the stream function is called with. */
async function removeByTtl(stage: Stage, userId: string, id: string): Promise<object> {
  const { dynamodb } = parseConfig(stage.variables);
  const client = new DynamoDBClient({ region: 'us-east-1', endpoint: dynamodb.endpoint, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } });
  const { Attributes: item } = await client.send(
    new DeleteItemCommand({ TableName: dynamodb.tables.todos, Key: marshall(todoKey(userId, id)), ReturnValues: 'ALL_OLD' }),
  );
  client.destroy();
  const record = {
    eventID: id,
    eventName: 'REMOVE',
    eventSourceARN: `arn:aws:dynamodb:eu-central-1:123456789012:table/${dynamodb.tables.todos}/stream/2026-11-21T00:00:00.000`,
    userIdentity: { type: 'Service', principalId: 'dynamodb.amazonaws.com' },
    dynamodb: { SequenceNumber: '1', ApproximateCreationDateTime: Date.now() / 1000, OldImage: item },
  };
  return { Records: [record] };
}

function budget(measure: string, most: number, units: readonly number[]): Verdict {
  const measured = Math.max(...units);
  return { measure, budget: `at most ${most}`, measured: String(measured), met: measured <= most };
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
  readonly LocalSecondaryIndexes?: Readonly<Record<string, { readonly CapacityUnits?: number }>>;
}

/** In the key of a marker of its own, which a transaction writes for two units. */
const goneMarker = goneKey('', 0).itemKey.replace(/\d+$/, '');

const reads = new Set(['GetItem', 'BatchGetItem', 'Query', 'Scan', 'TransactGetItems']);

function add(units: Units, { operation }: WireCall, { CapacityUnits = 0, ReadCapacityUnits, WriteCapacityUnits, LocalSecondaryIndexes }: Consumed): void {
  const isRead = reads.has(operation);
  units.read += ReadCapacityUnits ?? (isRead ? CapacityUnits : 0);
  units.write += WriteCapacityUnits ?? (isRead ? 0 : CapacityUnits);
  units.feed += isRead ? 0 : (LocalSecondaryIndexes?.['byRevision']?.CapacityUnits ?? 0);
}

const isRefusal = (answer: Record<string, unknown>): boolean => /#(ConditionalCheckFailed|TransactionCanceled)Exception$/.test(String(answer['__type']));

/** A condition that does not hold costs what the write would have, and the local server reports none of it; here every item is below 1 KB. */
function unitsOfRefusal({ input }: WireCall, answer: Record<string, unknown>): number {
  return isRefusal(answer) ? ((input['TransactItems'] as unknown[] | undefined)?.length ?? 0.5) * 2 : 0;
}

interface State {
  readonly userId: string;
  todoId: string;
  otherId: string;
  ids: string[];
  refreshToken: string;
  token: string;
}

const todo = { title: 'Water the plants', due: '2099-12-31', tags: ['home'] };
const key = { 'idempotency-key': 'capacity-1' };
const erasure = 'DELETE /users/{id}';
const emptyPoll = 'GET /users/{id}/changes, empty';

/** In an order in which each has what it needs. */
const steps: readonly ((state: State) => Step | Expiry)[] = [
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
  (state) => ({
    name: 'POST /users/{id}/todos, keyed',
    method: 'POST',
    path: `/users/${state.userId}/todos`,
    headers: key,
    body: todo,
    status: 201,
    keep: (body) => (state.otherId = body.id as string),
  }),
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
  ({ userId, token }) => ({ name: emptyPoll, method: 'GET', path: `/users/${userId}/changes`, query: `since=${token}`, status: 200 }),
  (state) => ({
    name: 'POST /users/{id}/todos/batch, 50 created',
    method: 'POST',
    path: `/users/${state.userId}/todos/batch`,
    body: { operations: Array.from({ length: 50 }, () => ({ op: 'create', todo })) },
    todos: 50,
    status: 200,
    keep: ({ results }) => (state.ids = results.map(({ id }: { id: string }) => id)),
  }),
  ({ userId }) => ({
    name: 'POST /users/{id}/todos/batch, 50 more',
    method: 'POST',
    path: `/users/${userId}/todos/batch`,
    body: { operations: Array.from({ length: 50 }, () => ({ op: 'create', todo })) },
    todos: 50,
    status: 200,
  }),
  ({ userId, token }) => ({
    name: 'GET /users/{id}/changes, a page of 100',
    method: 'GET',
    path: `/users/${userId}/changes`,
    query: `since=${token}`,
    status: 200,
  }),
  ({ userId, ids }) => ({
    name: 'POST /users/{id}/todos/batch, 50 deleted',
    method: 'POST',
    path: `/users/${userId}/todos/batch`,
    body: { operations: ids.map((id) => ({ op: 'delete', id })) },
    todos: 50,
    status: 200,
  }),
  ({ todoId }) => ({ name: 'the archive’s move', expired: todoId }),
  ({ todoId }) => ({ name: 'PATCH /todos/{id}, archived', method: 'PATCH', path: `/todos/${todoId}`, body: { title: 'Back' }, status: 200 }),
  ({ otherId }) => ({ name: 'the archive’s move', expired: otherId }),
  ({ otherId }) => ({ name: 'DELETE /todos/{id}, archived', method: 'DELETE', path: `/todos/${otherId}`, status: 204 }),
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
  ({ userId }) => ({ name: erasure, method: 'DELETE', path: `/users/${userId}`, status: 204 }),
];
