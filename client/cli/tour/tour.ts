import { contractVersion, createDuetClient, type DuetClient, DuetProblemError, type Service, type Session, type Todo } from '../../index.js';

/** Something was not as promised. */
export class BrokenPromiseError extends Error {
  override readonly name = 'BrokenPromiseError';

  constructor(
    message: string,
    /** Whether what follows makes no sense any more; by default, the step knows. */
    readonly fatal?: boolean,
  ) {
    super(message);
  }
}

/** What the steps hand on. */
export class Tourist {
  readonly name = 'Ada Lovelace';
  readonly email = `ada-${crypto.randomUUID()}@example.com`;
  readonly password = `demo ${crypto.randomUUID()}`;
  /** Whether there may be an account to erase. */
  registered = false;
  todos: { plants: Todo; taxes: Todo; call: Todo } | undefined;

  constructor(
    readonly duet: DuetClient,
    readonly url: string,
    readonly service: Service,
  ) {}

  /** @throws BrokenPromiseError when the step that makes them has failed. */
  get made(): { plants: Todo; taxes: Todo; call: Todo } {
    return this.todos ?? fail('there are no todos to go on with');
  }
}

/** One thing shown and checked; what it says in the end is shown beside its name. */
export interface Step {
  readonly name: string;
  /** Whether all that follows builds on it. */
  readonly needed?: boolean;
  /** Whether it is played even after a failure. */
  readonly always?: boolean;
  play(tourist: Tourist): Promise<string>;
}

/** The whole story, in order. */
export const steps: readonly Step[] = [
  { name: 'Meet the service', play: meet },
  { name: 'Ask for its health', play: askHealth },
  { name: 'Register', needed: true, play: register },
  { name: 'Sign in', needed: true, play: signIn },
  { name: 'Create three todos, one of them twice', needed: true, play: create },
  { name: 'Filter and sort', play: filter },
  { name: 'Update, and meet a conflict', needed: true, play: update },
  { name: 'Complete', needed: true, play: complete },
  { name: 'Count a visit', play: countVisit },
  { name: 'Keep a record', play: keepRecord },
  { name: 'Look at the dashboard', play: lookAtDashboard },
  { name: 'Erase the user', always: true, play: erase },
];

/** Why a service of another version is not the one this demo knows; undefined when it is. */
export function versionMismatch({ version }: Service): string | undefined {
  return version === contractVersion
    ? undefined
    : `this is Duet ${version}, and the demo was made for ${contractVersion}: use the demo that came with version ${version} (git checkout that version, then npm ci)`;
}

async function meet({ service, url }: Tourist): Promise<string> {
  const mismatch = versionMismatch(service);
  if (mismatch !== undefined) {
    fail(mismatch, major(service.version) !== major(contractVersion));
  }
  return `Duet ${service.version} at ${url}`;
}

async function askHealth({ duet }: Tourist): Promise<string> {
  const { status, details } = await duet.health();
  const stores = Object.entries(details).map(([store, health]) => `${store} ${health.status} in ${health.responseTimeMs} ms`);
  check('status', status, 'ok');
  return stores.join(', ');
}

async function register(tourist: Tourist): Promise<string> {
  const { duet, name, email, password } = tourist;
  tourist.registered = true;
  const user = await duet.register({ name, email, password, timeZone: 'Europe/London' });
  check('the user', [user.name, user.email, user.timeZone, user.role, user.version], [name, email, 'Europe/London', 'user', 1]);
  check('the same e-mail again', await codeOf(duet.register({ name, email: email.toUpperCase(), password })), 'user.email_taken');
  return `${email}; a second account with that e-mail is refused`;
}

async function signIn({ duet, name, email, password }: Tourist): Promise<string> {
  check('a wrong password', await codeOf(duet.signIn({ email, password: `not ${password}` })), 'auth.invalid_credentials');
  const user = await duet.signIn({ email, password });
  check('the user', user.name, name);
  return `as ${user.name}; a wrong password is refused`;
}

async function create(tourist: Tourist): Promise<string> {
  const { todos } = tourist.duet;
  const idempotencyKey = crypto.randomUUID();
  const plants = await todos.create(
    { title: 'Water the plants', due: '2099-12-31', tags: ['home'], checklist: [{ title: 'Ferns', done: false }] },
    { idempotencyKey },
  );
  const again = await todos.create(
    { title: 'Water the plants', due: '2099-12-31', tags: ['home'], checklist: [{ title: 'Ferns', done: false }] },
    { idempotencyKey },
  );
  check('the same key again', again, plants);
  const taxes = await todos.create({ title: 'File the taxes', due: '2020-01-31', priority: 'high' });
  const call = await todos.create({ title: 'Call Grace' });
  check('the defaults', [call.status, call.priority, call.due, call.tags, call.version], ['open', 'normal', null, [], 1]);
  check('an empty title', await codeOf(todos.create({ title: '' })), 'request.invalid');
  tourist.todos = { plants, taxes, call };
  return 'the same Idempotency-Key gave the same todo';
}

async function filter({ duet, made: { plants, taxes, call } }: Tourist): Promise<string> {
  const ids = async (query: Parameters<typeof duet.todos.list>[0]): Promise<string[]> => (await duet.todos.list(query).take(100)).map(({ id }) => id);
  check('newest first', await ids({ limit: 2 }), [call.id, taxes.id, plants.id]);
  check('tag=home', await ids({ tag: 'home' }), [plants.id]);
  check('priority=high', await ids({ priority: 'high' }), [taxes.id]);
  check('q=GRACE', await ids({ q: 'GRACE' }), [call.id]);
  check('sort=due', await ids({ sort: 'due' }), [taxes.id, plants.id]);
  return 'by tag, priority, text and due date; in pages of two';
}

async function update(tourist: Tourist): Promise<string> {
  const { duet, made } = tourist;
  const call = await duet.todos.update(made.call, { title: 'Call Grace Hopper', priority: 'high' });
  check('the update', [call.title, call.priority, call.version], ['Call Grace Hopper', 'high', 2]);
  check('an update of the version before', await codeOf(duet.todos.update(made.call, { title: 'Call nobody' })), 'version.stale');
  check('the todo after that', await duet.todos.get(call.id), call);
  tourist.todos = { ...made, call };
  return 'the second writer of version 1 got 412 version.stale, and changed nothing';
}

async function complete(tourist: Tourist): Promise<string> {
  const { duet, made } = tourist;
  const plants = await duet.todos.update(made.plants, { status: 'done', checklist: [{ title: 'Ferns', done: true }] });
  check('the status', plants.status, 'done');
  check('completedAt', typeof plants.completedAt, 'string');
  check(
    'status=done',
    (await duet.todos.list({ status: ['done'] }).take(100)).map(({ id }) => id),
    [plants.id],
  );
  tourist.todos = { ...made, plants };
  return `“${plants.title}” at ${plants.completedAt}`;
}

async function countVisit({ duet }: Tourist): Promise<string> {
  const before = await duet.counter.read();
  const idempotencyKey = crypto.randomUUID();
  const counted = await duet.counter.count({ idempotencyKey });
  check('the same key again', await duet.counter.count({ idempotencyKey }), counted);
  const after = await duet.counter.read();
  if (counted.visitCount <= before.visitCount || after.visitCount < counted.visitCount) {
    fail(`the counter went ${before.visitCount}, ${counted.visitCount}, ${after.visitCount}`);
  }
  return `visit number ${counted.visitCount}; sent twice with one key, counted once`;
}

async function keepRecord({ duet }: Tourist): Promise<string> {
  const record = await duet.records.create({ plan: 'free', seats: 3 });
  check('a second record', await codeOf(duet.records.create({ plan: 'team' })), 'record.exists');
  const changed = await duet.records.set('plan', 'team');
  check('the changed record', sorted(changed), sorted({ ...record, plan: 'team' }));
  check('the record read back', sorted(await duet.records.get()), sorted(changed));
  return 'free became team; a second record is refused';
}

async function lookAtDashboard({ duet, made }: Tourist): Promise<string> {
  const { todos, recent, upcoming, degraded } = await duet.users.dashboard();
  check('degraded', degraded, []);
  check('the counts', [todos?.total, todos?.open, todos?.inProgress, todos?.done, todos?.overdue], [3, 2, 0, 1, 1]);
  check(
    'recent',
    recent?.map(({ id }) => id),
    [made.call.id, made.taxes.id, made.plants.id],
  );
  check('upcoming', upcoming, []);
  return '3 todos: 2 open, 1 done, 1 overdue';
}

async function erase({ duet, url, registered, email, password }: Tourist): Promise<string> {
  if (!registered) {
    return 'nobody was registered';
  }
  // Also when the answer to the registration was lost: then only signing in tells.
  if (duet.session === null && (await codeOf(duet.signIn({ email, password }))) === 'auth.invalid_credentials') {
    return 'nobody was registered';
  }
  const session = duet.session;
  await duet.users.delete(await duet.users.me());
  check('signing in afterwards', await codeOf(duet.signIn({ email, password })), 'auth.invalid_credentials');
  await nothingLeft(url, session);
  return 'with todos and record; the e-mail is free again';
}

// Todos and record follow shortly after the profile; the access token still reads until it runs out.
async function nothingLeft(url: string, session: Session | null): Promise<void> {
  const ghost = createDuetClient({ baseUrl: url, session });
  for (let tries = 1; ; tries += 1) {
    const todos = await ghost.todos.list().take(1);
    const record = await codeOf(ghost.records.get());
    if (todos.length === 0 && record === 'record.not_found') {
      return;
    }
    if (tries === 20) {
      fail(`${todos.length === 0 ? 'the record is' : 'todos are'} still there after 5 s`);
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

function fail(message: string, fatal?: boolean): never {
  throw new BrokenPromiseError(message, fatal);
}

function check(what: string, actual: unknown, promised: unknown): void {
  if (JSON.stringify(actual) !== JSON.stringify(promised)) {
    fail(`${what}: promised is ${JSON.stringify(promised)}, and came ${JSON.stringify(actual)}`);
  }
}

function sorted(record: Readonly<Record<string, unknown>>): [string, unknown][] {
  return Object.entries(record).sort(([left], [right]) => (left < right ? -1 : 1));
}

/** The problem a call meets; `none` when it goes through, and every other error as it is. */
async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'none';
  } catch (error) {
    if (error instanceof DuetProblemError) {
      return error.code;
    }
    throw error;
  }
}

function major(version: string): string | undefined {
  return version.split('.')[0];
}
