import { contractVersion, createDuetClient, type Service, type Session } from '../../index.js';
import { conflictOnTwoDevices, undoADeletion, writeOffline } from './mirrors.js';
import { forgetPassword } from './recovery.js';
import { check, codeOf, fail, type Step, type Tourist } from './tourist.js';

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
  { name: 'Write on two devices, one offline', play: writeOffline },
  { name: 'Meet a conflict between them', play: conflictOnTwoDevices },
  { name: 'Delete, and undo it', play: undoADeletion },
  { name: 'Forget the password, and find the mail', play: forgetPassword },
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

function sorted(record: Readonly<Record<string, unknown>>): [string, unknown][] {
  return Object.entries(record).sort(([left], [right]) => (left < right ? -1 : 1));
}

function major(version: string): string | undefined {
  return version.split('.')[0];
}
