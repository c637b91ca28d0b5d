import { DuetProblemError, DuetSignedOutError, type DuetClient, type Todo, type TodoContent, type TodoQuery } from '../index.js';
import { type CommandLine, UsageError, type Values } from './command-line.js';
import { printable } from './report.js';

/** What a command gives: for machines, and for people. */
export interface Result {
  readonly data: unknown;
  readonly text: string;
}

/** What a command has to work with. */
interface Task {
  readonly duet: DuetClient;
  readonly values: Values;
  readonly operands: readonly string[];
  readonly passwords: Passwords;
}

/** Where a password comes from that is not on the command line. */
export interface Passwords {
  /** From the environment. */
  readonly given: string | undefined;
  /** Asks whoever is at the terminal, without echo; undefined where there is none. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
}

type Command = (task: Task) => Promise<Result>;

/** Single commands by their words. */
const commands: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['status', status],
  ['register', register],
  ['sign-in', signIn],
  ['sign-out', async ({ duet }) => say(duet.signOut(), 'Signed out.')],
  ['whoami', async ({ duet }) => asJson(await duet.users.me())],
  ['todos list', listTodos],
  ['todos add', async ({ duet, values, operands }) => asTodo(await duet.todos.create({ ...content(values), title: needed(operands.join(' '), 'TITLE') }))],
  ['todos show', async ({ duet, operands }) => asJson(await duet.todos.get(only(operands, 'ID')))],
  ['todos edit', async ({ duet, values, operands }) => asTodo(await duet.todos.update(await duet.todos.get(only(operands, 'ID')), content(values)))],
  ['todos done', async ({ duet, operands }) => asTodo(await duet.todos.update(await duet.todos.get(only(operands, 'ID')), { status: 'done' }))],
  ['todos delete', async ({ duet, operands }) => say(duet.todos.delete(await duet.todos.get(only(operands, 'ID'))), 'Deleted.')],
  ['counter show', async ({ duet }) => asJson(await duet.counter.read())],
  ['counter count', async ({ duet }) => asJson(await duet.counter.count())],
  ['record show', async ({ duet }) => asJson(await duet.records.get())],
  ['record create', async ({ duet, operands }) => asJson(await duet.records.create(attributes(operands)))],
  ['record set', setAttribute],
  ['record delete', async ({ duet }) => say(duet.records.delete(), 'Deleted.')],
  ['dashboard', async ({ duet }) => asJson(await duet.users.dashboard())],
  ['erase', erase],
]);

/**
 * The command that the words name, ready to run.
 *
 * @throws UsageError
 */
export function findCommand({ words, values }: CommandLine, passwords: Passwords): (duet: DuetClient) => Promise<Result> {
  for (const length of [2, 1]) {
    const command = commands.get(words.slice(0, length).join(' '));
    if (command !== undefined && words.length >= length) {
      return async (duet) => command({ duet, values, operands: words.slice(length), passwords: { ...passwords, given: values.password ?? passwords.given } });
    }
  }
  throw new UsageError(`There is no command “${printable(words.join(' '))}”`);
}

/** What an error of a command says to people. */
export function explain(error: unknown): string {
  if (
    error instanceof DuetSignedOutError ||
    (error instanceof DuetProblemError && /^auth\.(token_missing|invalid_token|invalid_refresh_token)$/.test(error.code))
  ) {
    return 'Sign in first: DUET_PASSWORD=… npm run demo -- sign-in --email you@example.com';
  }
  if (error instanceof DuetProblemError) {
    return `${error.message} [${error.code}, request ${error.requestId}]`;
  }
  return error instanceof Error ? error.message : String(error);
}

async function status({ duet }: Task): Promise<Result> {
  const [service, health] = await Promise.all([duet.service(), duet.health()]);
  const stores = Object.entries(health.details).map(([name, store]) => `${name} ${store.status}, ${store.responseTimeMs} ms`);
  return { data: { service, health }, text: [`Duet ${service.version}: ${health.status}`, ...stores].join('\n') };
}

async function register(task: Task): Promise<Result> {
  const { duet, values } = task;
  const [email, name] = [needed(values.email, '--email'), needed(values.name, '--name')];
  const password = await newPassword(task);
  await duet.register({ email, password, name, timeZone: values['time-zone'] });
  return signIn({ ...task, passwords: { ...task.passwords, given: password } });
}

async function signIn({ duet, values, passwords }: Task): Promise<Result> {
  const email = needed(values.email, '--email');
  const user = await duet.signIn({ email, password: await neededPassword(passwords) });
  return { data: user, text: `Signed in as ${user.name} <${user.email}>, ${user.id}` };
}

/** Asked for twice where it is asked for: nobody sees what they mistype. */
async function newPassword({ passwords }: Task): Promise<string> {
  const password = await neededPassword(passwords, 'New password, of 15 characters or more: ');
  if (!passwords.given && (await passwords.ask?.('The same again: ')) !== password) {
    throw new UsageError('The two passwords differ: nobody was registered');
  }
  return password;
}

async function neededPassword({ given, ask }: Passwords, question = 'Password: '): Promise<string> {
  const password = given || (await ask?.(question));
  if (!password) {
    throw new UsageError(
      ask === undefined ? 'The password is missing: set DUET_PASSWORD, or run this at a terminal to be asked for it' : 'The password is missing',
    );
  }
  return password;
}

async function listTodos({ duet, values }: Task): Promise<Result> {
  const limit = values.limit === undefined ? 25 : Number(values.limit);
  if (!Number.isInteger(limit) || limit < 1) {
    throw new UsageError('--limit is a whole number from 1');
  }
  // The service knows which values there are, and says so.
  const query = {
    status: values.status,
    priority: values.priority,
    tag: values.tag?.[0],
    q: values.q,
    archived: values.archived === true ? 'true' : undefined,
    dueBefore: values['due-before'],
    dueAfter: values['due-after'],
    sort: values.sort,
    limit: Math.min(limit, 100),
  } as TodoQuery;
  const todos = await duet.todos.list(query).take(limit);
  return { data: todos, text: todos.length === 0 ? 'No todos.' : todos.map(lineOf).join('\n') };
}

async function setAttribute({ duet, operands }: Task): Promise<Result> {
  const [name, value, ...rest] = operands;
  if (rest.length > 0) {
    throw new UsageError('record set takes a name and one value: put quotes around it');
  }
  return asJson(await duet.records.set(needed(name, 'NAME'), jsonOrText(needed(value, 'VALUE'))));
}

async function erase({ duet, values }: Task): Promise<Result> {
  if (values.yes !== true) {
    throw new UsageError('erase deletes the signed-in user and all that is theirs: say --yes');
  }
  return say(duet.users.delete(await duet.users.me()), 'Erased.');
}

function content(values: Values): Partial<TodoContent> {
  const { title, description, due, priority, status, tag: tags } = values;
  const given = Object.entries({ title, description, due, priority, status: status?.at(-1), tags }).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as Partial<TodoContent>;
}

function attributes(operands: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    operands.map((operand) => {
      const at = operand.indexOf('=');
      if (at < 1) {
        throw new UsageError(`“${printable(operand)}” is not NAME=VALUE`);
      }
      return [operand.slice(0, at), jsonOrText(operand.slice(at + 1))];
    }),
  );
}

function jsonOrText(value: string): unknown {
  try {
    return JSON.parse(value) as unknown;
  } catch {
    // Text needs no quotes on a command line.
    return value;
  }
}

function needed(value: string | undefined, name: string): string {
  if (value === undefined || value === '') {
    throw new UsageError(`${name} is missing`);
  }
  return value;
}

function only(operands: readonly string[], name: string): string {
  if (operands.length > 1) {
    throw new UsageError(`One ${name} is enough`);
  }
  return needed(operands[0], name);
}

async function say(work: Promise<void>, text: string): Promise<Result> {
  await work;
  return { data: null, text };
}

function asTodo(todo: Todo): Result {
  return { data: todo, text: lineOf(todo) };
}

function asJson(data: unknown): Result {
  return { data, text: JSON.stringify(data, null, 2) };
}

function lineOf({ id, status, title, due, priority, tags }: Todo): string {
  const box = { open: '[ ]', in_progress: '[-]', done: '[x]' }[status];
  const extra = [due && `due ${due}`, priority !== 'normal' && priority, ...tags.map((tag) => `#${tag}`)].filter(Boolean);
  return `${box} ${id}  ${printable([title, ...extra].join('  '))}`;
}
