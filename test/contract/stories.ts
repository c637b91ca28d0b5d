import { isDeepStrictEqual } from 'node:util';
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { Judge, type Rule, type Violation } from './answers.js';
import { BrokenContract, type Counts, type Draw, type Finding, firstBroken, reportOf } from './check.js';
import type { ContractDocument } from './document.js';
import { hardToGuess, wordedRules } from './placeholders.js';
import { Values } from './values.js';
import { curlOf, jsonOf, type ReceivedAnswer, type SentRequest, send } from './wire.js';
import type { Person, World } from './world.js';

/** A JSON object of an answer. */
type Body = Readonly<Record<string, unknown>>;

/** One request of a story. */
interface Call {
  readonly as?: Pick<Person, 'token'>;
  readonly id?: string;
  readonly query?: Readonly<Record<string, string | number>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** The status that keeps the promise. */
  readonly status: number;
  /** The promise that another status breaks. */
  readonly promise: Rule;
}

/** What came of one. */
interface Reply {
  readonly answer: ReceivedAnswer;
  readonly body: Body;
}

type Condition = 'none' | 'current' | 'stale';

/** What someone does to their todos; `pick` chooses among those they have. */
type TodoStep =
  | { readonly does: 'create'; readonly content: Body; readonly keyed: boolean }
  | { readonly does: 'replace' | 'patch'; readonly pick: number; readonly content: Body; readonly condition: Condition }
  | { readonly does: 'delete'; readonly pick: number; readonly condition: Condition };

/** How many requests before a broken promise are printed. */
const curlsShown = 6;

/** How often a broken story is tried in smaller forms: each is dozens of requests. */
const storyShrinks = 60;

/**
 * Chains of requests whose answers have to agree with each other: what was written is read, what was deleted is gone, lists hold what
 * there is, and no one else sees any of it. Every answer is also held to the contract by itself.
 */
export class Stories {
  private readonly judge: Judge;
  private readonly values: Values;
  private trail: SentRequest[] = [];

  constructor(
    private readonly document: ContractDocument,
    private readonly world: World,
    private readonly url: string,
    private readonly counts: Counts,
  ) {
    this.judge = new Judge(document);
    this.values = new Values(document, wordedRules);
  }

  /** Any writes to todos, then reads of everything by the owner and by someone else. */
  async todos(draw: Draw): Promise<Finding | undefined> {
    const condition = fc.constantFrom<Condition>('none', 'current', 'stale');
    const pick = fc.nat({ max: 20 });
    const body = (name: string) => this.values.valid({ $ref: `#/components/schemas/${name}` }) as fc.Arbitrary<Body>;
    const create = fc.record({ does: fc.constant('create' as const), content: body('TodoContent'), keyed: fc.boolean() });
    const steps = fc.array(
      fc.oneof(
        { weight: 3, arbitrary: create },
        { weight: 1, arbitrary: fc.record({ does: fc.constant('replace' as const), pick, content: body('TodoContent'), condition }) },
        { weight: 2, arbitrary: fc.record({ does: fc.constant('patch' as const), pick, content: body('TodoPatch'), condition }) },
        { weight: 1, arbitrary: fc.record({ does: fc.constant('delete' as const), pick, condition }) },
      ),
      { minLength: 1, maxLength: 12, size: 'max' },
    );
    return this.search(fc.record({ steps, limit: fc.integer({ min: 1, max: 4 }) }), draw, 'todos', async (story) => this.todoStory(story.steps, story.limit));
  }

  /** The one record of a user, from nothing to nothing. */
  async records(draw: Draw): Promise<Finding | undefined> {
    const content = this.values.valid({ $ref: '#/components/schemas/NewRecord' }) as fc.Arbitrary<Body>;
    const change = this.values.valid({ $ref: '#/components/schemas/RecordChange' }) as fc.Arbitrary<Body>;
    // Bodies past the limit are tried elsewhere.
    const small = (body: Body) => Buffer.byteLength(JSON.stringify(body)) < 60_000;
    return this.search(fc.record({ content: content.filter(small), change: change.filter(small) }), draw, 'records', async (story) =>
      this.recordStory(story.content, story.change),
    );
  }

  /** A user from registration to deletion, and their sessions. */
  async users(draw: Draw): Promise<Finding | undefined> {
    const registration = (this.values.valid({ $ref: '#/components/schemas/Registration' }) as fc.Arbitrary<Body>).map(hardToGuess);
    return this.search(registration, draw, 'users', async (story) => this.userStory(story));
  }

  /** Visits, keyed and not. No one else may count meanwhile. */
  async counter(draw: Draw): Promise<Finding | undefined> {
    return this.search(fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }), draw, 'counter', async (story) => this.counterStory(story));
  }

  /** Failed sign-ins of one account until they are limited. */
  async signIns(quota: number): Promise<Finding | undefined> {
    return this.search(fc.constant(quota), { seed: 0, runs: 1 }, 'sign-ins', async () => {
      const { email } = await this.world.newcomer();
      const fails = async (status: number) => this.call('login', { body: { email, password: 'not the password' }, status, promise: 'tries are limited' });
      for (let tries = 0; tries < quota; tries += 1) {
        await fails(401);
      }
      await fails(429);
    });
  }

  private async search<T>(arbitrary: fc.Arbitrary<T>, draw: Draw, name: string, attempt: (story: T) => Promise<void>): Promise<Finding | undefined> {
    return firstBroken(arbitrary, { shrinks: storyShrinks, ...draw }, name, async (story) => {
      this.trail = [];
      await attempt(story);
    });
  }

  private async todoStory(steps: readonly TodoStep[], limit: number): Promise<void> {
    const { id: userId, accessToken: token } = await this.world.newcomer();
    const as = { token };
    const alive = new Map<string, Body>();
    const deleted: string[] = [];
    for (const step of steps) {
      const picked = step.does === 'create' ? undefined : [...alive.values()][step.pick % alive.size];
      if (step.does === 'create') {
        const todo = await this.created({ as, id: userId, body: step.content }, step.keyed);
        alive.set(String(todo['id']), todo);
      } else if (picked !== undefined) {
        const id = String(picked['id']);
        const now = await this.written(as, picked, step);
        if (now === null) {
          alive.delete(id);
          deleted.push(id);
        } else {
          alive.set(id, now);
        }
      }
    }
    await this.readsEverything(as, userId, [...alive.values()], deleted, limit);
    await this.isHidden([...alive.keys()], userId);
  }

  private async created(request: { as: Pick<Person, 'token'>; id: string; body: Body }, keyed: boolean): Promise<Body> {
    const headers: Record<string, string> = keyed ? { 'Idempotency-Key': randomUUID() } : {};
    const first = await this.call('createTodo', { ...request, headers, status: 201, promise: 'what was written is read' });
    this.hold(holds(first.body, request.body), 'what was written is read', first.answer, 'the todo is not what was sent');
    this.hold(
      first.answer.headers.get('Location') === `/todos/${String(first.body['id'])}`,
      'what was written is read',
      first.answer,
      'Location names another todo',
    );
    if (keyed) {
      const again = await this.call('createTodo', { ...request, headers, status: 201, promise: 'a repeated key replays' });
      this.replays(first, again);
      const other = { ...request.body, title: `Another ${randomUUID()}` };
      await this.call('createTodo', { ...request, body: other, headers, status: 422, promise: 'a repeated key replays' });
    }
    return first.body;
  }

  /** Writes a todo under a condition; what it is after that, null when it is deleted. */
  private async written(as: Pick<Person, 'token'>, todo: Body, step: Exclude<TodoStep, { does: 'create' }>): Promise<Body | null> {
    const version = Number(todo['version']);
    const headers: Record<string, string> = { none: {}, current: { 'If-Match': `"${version}"` }, stale: { 'If-Match': `"${version + 1}"` } }[step.condition];
    const operation = { replace: 'replaceTodo', patch: 'patchTodo', delete: 'deleteTodo' }[step.does];
    const request = { as, id: String(todo['id']), headers, ...('content' in step && { body: step.content }) };
    if (step.condition === 'stale') {
      await this.call(operation, { ...request, status: 412, promise: 'a stale write is refused' });
      return todo;
    }
    if (step.does === 'delete') {
      await this.call(operation, { ...request, status: 204, promise: 'what was deleted is gone' });
      return null;
    }
    const { answer, body } = await this.call(operation, { ...request, status: 200, promise: 'what was written is read' });
    this.hold(holds(body, step.content), 'what was written is read', answer, 'the todo is not what was sent');
    const unnamed = Object.keys(todo).filter((field) => !(field in step.content) && !['version', 'updatedAt', 'completedAt'].includes(field));
    const kept = step.does === 'replace' ? ['id', 'userId', 'createdAt'] : unnamed;
    this.hold(
      kept.every((field) => isDeepStrictEqual(body[field], todo[field])),
      'what was written is read',
      answer,
      'what the request does not name has changed',
    );
    this.hold(
      [version, version + 1].includes(Number(body['version'])),
      'what was written is read',
      answer,
      `version ${version} was followed by ${String(body['version'])}`,
    );
    return body;
  }

  /** The second pass: after all the writes, every way to read shows the same. */
  private async readsEverything(as: Pick<Person, 'token'>, userId: string, alive: readonly Body[], deleted: readonly string[], limit: number): Promise<void> {
    for (const todo of alive) {
      const id = String(todo['id']);
      const { answer, body } = await this.call('getTodo', { as, id, status: 200, promise: 'what was written is read' });
      this.hold(isDeepStrictEqual(body, todo), 'what was written is read', answer, `the last write answered ${JSON.stringify(todo)}`);
      const headers = { 'If-None-Match': answer.headers.get('ETag') ?? '' };
      const unchanged = await this.call('getTodo', { as, id, headers, status: 304, promise: 'an unchanged read is 304' });
      this.hold(unchanged.answer.headers.get('ETag') === headers['If-None-Match'], 'an unchanged read is 304', unchanged.answer, 'with another entity tag');
    }
    for (const id of deleted) {
      await this.call('getTodo', { as, id, status: 404, promise: 'what was deleted is gone' });
      await this.call('patchTodo', { as, id, body: { title: 'x' }, status: 404, promise: 'what was deleted is gone' });
      await this.call('deleteTodo', { as, id, status: 404, promise: 'what was deleted is gone' });
    }
    const newestFirst = [...alive].reverse();
    await this.lists(as, userId, { limit }, newestFirst);
    await this.lists(as, userId, { limit, sort: 'createdAt' }, alive);
    await this.lists(
      as,
      userId,
      { limit, status: 'done' },
      newestFirst.filter(({ status }) => status === 'done'),
    );
    const { answer, body } = await this.call('getDashboard', { as, id: userId, status: 200, promise: 'lists hold what there is' });
    const counted = (status: string) => alive.filter((todo) => todo['status'] === status).length;
    const expected = { total: alive.length, open: counted('open'), inProgress: counted('in_progress'), done: counted('done'), archived: 0 };
    const { total, open, inProgress, done, archived } = body['todos'] as Body;
    this.hold(
      isDeepStrictEqual({ total, open, inProgress, done, archived }, expected),
      'lists hold what there is',
      answer,
      `there are ${JSON.stringify(expected)}`,
    );
    this.hold(isDeepStrictEqual(body['recent'], newestFirst.slice(0, 5)), 'lists hold what there is', answer, 'recent are not the last created');
  }

  /** Follows the pages of a list to their end and compares. */
  private async lists(as: Pick<Person, 'token'>, id: string, query: Record<string, string | number>, expected: readonly Body[]): Promise<void> {
    const items: unknown[] = [];
    let cursor: string | null = null;
    let last: ReceivedAnswer;
    do {
      const request: Call = { as, id, query: { ...query, ...(cursor !== null && { cursor }) }, status: 200, promise: 'lists hold what there is' };
      const page: Reply = await this.call('listTodos', request);
      items.push(...((page.body['items'] ?? []) as unknown[]));
      cursor = page.body['nextCursor'] as string | null;
      last = page.answer;
      // A cursor that leads in a circle would never end.
    } while (cursor !== null && items.length <= expected.length);
    this.hold(
      isDeepStrictEqual(items, [...expected]),
      'lists hold what there is',
      last,
      `${items.length} listed, ${expected.length} there, or in another order or state`,
    );
  }

  /** Someone else finds none of it, by whatever way. */
  private async isHidden(todoIds: readonly string[], userId: string): Promise<void> {
    const as = this.world.bob;
    for (const id of todoIds) {
      await this.call('getTodo', { as, id, status: 404, promise: 'nothing of other users' });
      await this.call('patchTodo', { as, id, body: { title: 'stolen' }, status: 404, promise: 'nothing of other users' });
      await this.call('deleteTodo', { as, id, status: 404, promise: 'nothing of other users' });
    }
    for (const operation of ['listTodos', 'getDashboard', 'getUser']) {
      await this.call(operation, { as, id: userId, status: 403, promise: 'nothing of other users' });
    }
    const { answer } = await this.call('listTodos', { as, id: as.id, query: { limit: 100 }, status: 200, promise: 'lists hold what there is' });
    this.hold(!answer.text.includes(userId), 'nothing of other users', answer, `it holds something of ${userId}`);
  }

  private async recordStory(generated: Body, generatedChange: Body): Promise<void> {
    const { id: user_id, accessToken: token } = await this.world.newcomer();
    const as = { token };
    const record = { ...generated, user_id };
    const query = { user_id };
    const headers = { 'Idempotency-Key': randomUUID() };
    const gone = async (operation: string, body?: Body) =>
      this.call(operation, { as, ...(body === undefined ? { query } : { body }), status: 404, promise: 'what was deleted is gone' });
    const read = async (expected: Body, as: Pick<Person, 'token'>) => {
      const { answer, body } = await this.call('getRecords', { as, query, status: 200, promise: 'what was written is read' });
      this.hold(isDeepStrictEqual(body, plain(expected)), 'what was written is read', answer, `written was ${JSON.stringify(expected)}`);
    };
    const change = { ...generatedChange, user_id, updatedKey: String(generatedChange['updatedKey']).slice(0, 200) };
    const changed = { ...record, [change.updatedKey]: generatedChange['updatedValue'] };

    await gone('getRecords');
    const first = await this.call('createRecord', { as, body: record, headers, status: 201, promise: 'what was written is read' });
    this.hold(isDeepStrictEqual(first.body, plain(record)), 'what was written is read', first.answer, 'the record is not what was sent');
    this.replays(first, await this.call('createRecord', { as, body: record, headers, status: 201, promise: 'a repeated key replays' }));
    await this.call('createRecord', { as, body: { user_id, other: 1 }, headers, status: 422, promise: 'a repeated key replays' });
    await this.call('createRecord', { as, body: record, status: 409, promise: 'status as designed' });
    await read(record, as);
    await this.call('changeRecord', { as, body: change, status: 200, promise: 'what was written is read' });
    await read(changed, as);
    await read(changed, this.world.admin);
    await this.call('getRecords', { as: this.world.bob, query, status: 403, promise: 'nothing of other users' });
    await this.call('changeRecord', { as: this.world.admin, body: change, status: 403, promise: 'nothing of other users' });
    await this.call('deleteRecord', { as: this.world.bob, query, status: 403, promise: 'nothing of other users' });
    await this.call('deleteRecord', { as, query, status: 204, promise: 'what was deleted is gone' });
    await gone('getRecords');
    await gone('changeRecord', change);
    await gone('deleteRecord');
  }

  private async userStory(generated: Body): Promise<void> {
    const email = `Story-${randomUUID()}@example.com`;
    const registration: Body = { ...generated, email };
    const credentials = { email, password: registration['password'] };
    const register = async (body: Body, status: number, promise: Rule) => this.call('registerUser', { body, status, promise });
    const signIn = async (status: number, promise: Rule) => this.call('login', { body: credentials, status, promise });
    const refresh = async (refreshToken: unknown, status: number, promise: Rule) => this.call('refresh', { body: { refreshToken }, status, promise });

    const { body: user, answer } = await register(registration, 201, 'what was written is read');
    const { password: _, ...profile } = registration;
    this.hold(holds(user, profile), 'what was written is read', answer, 'the user is not what was sent');
    await register({ ...registration, email: email.toUpperCase() }, 409, 'status as designed');
    const { body: tokens } = await signIn(200, 'what was written is read');
    const [id, as] = [String(user['id']), { token: String(tokens['accessToken']) }];
    const read = async (expected: Body) => {
      const { body, answer: own } = await this.call('getUser', { as, id, status: 200, promise: 'what was written is read' });
      this.hold(isDeepStrictEqual(body, expected), 'what was written is read', own, `it should be ${JSON.stringify(expected)}`);
      const headers = { 'If-None-Match': own.headers.get('ETag') ?? '' };
      await this.call('getUser', { as, id, headers, status: 304, promise: 'an unchanged read is 304' });
    };
    await read(user);
    const update = { as, id, body: { name: 'Renamed' } };
    await this.call('updateUser', { ...update, headers: { 'If-Match': '"7"' }, status: 412, promise: 'a stale write is refused' });
    const { body: renamed } = await this.call('updateUser', { ...update, headers: { 'If-Match': '"1"' }, status: 200, promise: 'what was written is read' });
    await read(renamed);
    await this.call('updateUser', {
      as,
      id,
      body: { password: 'another password, long enough', currentPassword: 'wrong' },
      status: 403,
      promise: 'status as designed',
    });
    this.hold(await this.isListed(id), 'lists hold what there is', answer, `the list of users has not ${id}`);

    const { body: second } = await signIn(200, 'what was written is read');
    const { answer: listed, body: sessions } = await this.call('listSessions', { as, id, status: 200, promise: 'lists hold what there is' });
    const current = (sessions['items'] as Body[]).map((session) => session['current']);
    this.hold(isDeepStrictEqual(current, [false, true]), 'lists hold what there is', listed, 'there are two sessions, and the earlier one asks');
    await this.call('listSessions', { as: this.world.admin, id, status: 403, promise: 'nothing of other users' });
    await this.call('endSessions', { as, id, status: 204, promise: 'sessions end' });
    await refresh(second['refreshToken'], 401, 'sessions end');
    const { body: third } = await signIn(200, 'what was written is read');
    const { body: next } = await refresh(third['refreshToken'], 200, 'sessions end');
    await this.call('logout', { body: { refreshToken: next['refreshToken'] }, status: 204, promise: 'sessions end' });
    await refresh(next['refreshToken'], 401, 'sessions end');

    await this.call('deleteUser', { as, id, headers: { 'If-Match': '"1"' }, status: 412, promise: 'a stale write is refused' });
    await this.call('deleteUser', { as, id, status: 204, promise: 'what was deleted is gone' });
    await this.call('getUser', { as, id, status: 404, promise: 'what was deleted is gone' });
    await this.call('deleteUser', { as, id, status: 404, promise: 'what was deleted is gone' });
    await this.call('getDashboard', { as, id, status: 404, promise: 'what was deleted is gone' });
    await signIn(401, 'what was deleted is gone');
    this.hold(!(await this.isListed(id)), 'what was deleted is gone', answer, `the list of users still has ${id}`);
    await register(registration, 201, 'what was deleted is gone');
  }

  private async isListed(id: string): Promise<boolean> {
    let cursor: string | null = null;
    do {
      const query: Call['query'] = { limit: 100, ...(cursor !== null && { cursor }) };
      const page: Reply = await this.call('listUsers', { as: this.world.admin, query, status: 200, promise: 'lists hold what there is' });
      if ((page.body['items'] as Body[]).some((user) => user['id'] === id)) {
        return true;
      }
      cursor = page.body['nextCursor'] as string | null;
    } while (cursor !== null);
    return false;
  }

  private async counterStory(visits: readonly boolean[]): Promise<void> {
    const before = await this.call('getCounter', { status: 200, promise: 'what was written is read' });
    let count = Number(before.body['visitCount']);
    const counts = ({ answer, body }: Reply) => this.hold(body['visitCount'] === count, 'what was written is read', answer, `it should be ${count}`);
    for (const keyed of visits) {
      const visit: Call = { headers: keyed ? { 'Idempotency-Key': randomUUID() } : {}, status: 200, promise: 'what was written is read' };
      const first = await this.call('countVisit', visit);
      count += 1;
      counts(first);
      if (keyed) {
        this.replays(first, await this.call('countVisit', visit));
      }
      counts(await this.call('getCounter', { status: 200, promise: 'what was written is read' }));
    }
  }

  private replays(first: Reply, again: Reply): void {
    const marked = again.answer.headers.get('Idempotency-Replayed') === 'true' && !first.answer.headers.has('Idempotency-Replayed');
    this.hold(marked, 'a repeated key replays', again.answer, 'Idempotency-Replayed has to be on the second answer alone');
    this.hold(isDeepStrictEqual(again.body, first.body), 'a repeated key replays', again.answer, `the first was ${first.answer.text}`);
  }

  /** Sends a request and holds its answer to the contract, and its status to the story. */
  private async call(operationId: string, { as, id = '', query = {}, headers = {}, body, status, promise }: Call): Promise<Reply> {
    const operation = this.document.operation(operationId);
    const search = new URLSearchParams(Object.entries(query).map(([name, value]): [string, string] => [name, String(value)])).toString();
    const request: SentRequest = {
      method: operation.method,
      path: operation.path.replace('{id}', id) + (search === '' ? '' : `?${search}`),
      headers: {
        ...headers,
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...(as && { Authorization: `Bearer ${as.token}` }),
      },
      body: body === undefined ? undefined : Buffer.from(JSON.stringify(body)),
    };
    this.trail.push(request);
    const answer = await send(this.url, request);
    this.counts.add(operationId, answer.status);
    const { alice, bob, admin } = this.world;
    const secrets = as === admin ? [] : [alice, bob].filter((person) => person !== as).flatMap(({ marks }) => marks);
    const alone = this.judge.violations({
      operation,
      answer,
      fault: undefined,
      hasToken: as !== undefined,
      trespasses: false,
      // The story knows what should have come; by itself any status will do, but a fault of the service.
      expected: [answer.status],
      limit: Number(query['limit'] ?? 25),
      secrets,
    });
    const unexpected: Violation[] = answer.status === status ? [] : [{ rule: promise, detail: `${answer.status} where the story expects ${status}` }];
    this.assess([...unexpected, ...alone], operationId, answer);
    return { answer, body: (jsonOf(answer) ?? {}) as Body };
  }

  private hold(holds: boolean, rule: Rule, answer: ReceivedAnswer, detail: string): void {
    this.assess(holds ? [] : [{ rule, detail }], undefined, answer);
  }

  private assess(violations: readonly Violation[], operationId: string | undefined, answer: ReceivedAnswer): void {
    if (violations.length > 0) {
      const curls = this.trail.slice(-curlsShown).map((request) => curlOf(this.url, request));
      throw new BrokenContract(violations, reportOf(operationId ?? 'The story', violations, curls, answer));
    }
  }
}

/** Whether a resource has what was sent. An instant may come back in UTC, and null empties a list. */
function holds(resource: Body, sent: Body): boolean {
  return Object.entries(sent).every(([field, value]) => {
    const answered = resource[field];
    if (field === 'due' && typeof value === 'string' && value.includes('T')) {
      return Date.parse(String(answered)) === Date.parse(value);
    }
    if (field === 'checklist' && Array.isArray(value)) {
      return isDeepStrictEqual(
        answered,
        value.map((item: Body) => ({ done: false, ...item })).map(({ title, done }: Body) => ({ title, done })),
      );
    }
    if (field === 'tags' && Array.isArray(value)) {
      // A set, whichever way its letters are written.
      const normalized = value.map((tag) => String(tag).normalize('NFC'));
      return isDeepStrictEqual(
        answered,
        value.filter((_, index) => normalized.indexOf(normalized[index] ?? '') === index),
      );
    }
    return isDeepStrictEqual(answered, value ?? (field === 'tags' || field === 'checklist' ? [] : null));
  });
}

/** As JSON carries it: -0 is 0 there. */
function plain(value: Body): Body {
  return JSON.parse(JSON.stringify(value)) as Body;
}
