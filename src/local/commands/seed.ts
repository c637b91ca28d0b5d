import 'reflect-metadata';
import type { INestApplicationContext } from '@nestjs/common';
import { Command, CommanderError } from 'commander';
import { DuetError } from '../../common/errors/errors.js';
import { type Config, ConfigError } from '../../config/config.js';
import { isLoopback } from '../../config/variables.js';
import { TodoListsService } from '../../features/todos/lists/todo-lists.service.js';
import { TodosRepository } from '../../features/todos/todos.repository.js';
import type { User } from '../../features/users/user.js';
import { UsersRepository } from '../../features/users/users.repository.js';
import { registrationSchema, type Registration } from '../../features/users/users.schemas.js';
import { UsersService } from '../../features/users/users.service.js';
import { reasonOf } from '../errors/system-errors.js';
import { LocalStoreError } from '../errors/local-store-error.js';
import { believableYear } from './believable-year.js';
import { besideService } from './beside-service.js';

// npm run seed: fills an account with a year of todos. They are written past the API, which would date them all today; by the repository that it
// uses, so that counts, revisions, change feed and events are as after any other write.

interface Options {
  readonly email: string;
  readonly name: string;
  readonly password: string;
  readonly timeZone: string;
  readonly more?: boolean;
}

/** What was asked for cannot be done; the message says what to do. */
class CannotSeed extends Error {
  override readonly name = 'CannotSeed';
}

/** How many todos a transaction writes. */
const batchSize = 50;

async function seed(app: INestApplicationContext, config: Config, options: Options): Promise<string> {
  assertLocal(config);
  const { more = false, ...given } = options;
  const registration = registrationOf(given);
  const existing = await app.get(UsersRepository).findCredentialsByEmail(registration.email);
  const user = existing?.user ?? (await app.get(UsersService).register(registration, unlimited));
  const { open = 0, inProgress = 0, done = 0, archived = 0 } = (await app.get(TodoListsService).counts(user.id)) ?? {};
  const present = open + inProgress + done + archived;
  if (present > 0 && !more) {
    throw new CannotSeed(`${user.email} has ${present} todos: name another account with --email, or say --more to add a year to them`);
  }
  const todos = believableYear(user.id, Date.now());
  for (let written = 0; written < todos.length; written += batchSize) {
    showProgress(written, todos.length);
    const changes = todos.slice(written, written + batchSize).map((after) => ({ before: null, after }));
    await app.get(TodosRepository).write({ userId: user.id, ids: [] }, () => ({ changes, result: undefined }));
  }
  showProgress(todos.length, todos.length);
  return summary(user, todos, existing === null ? registration.password : undefined);
}

/** What a seed must not be able to do by a forgotten variable: write into somebody's real stores. */
function assertLocal({ postgres, dynamodb }: Config): void {
  if (!isLoopback(postgres.host) || dynamodb.endpoint === undefined || !isLoopback(new URL(dynamodb.endpoint).hostname)) {
    throw new CannotSeed('Only stores on this machine are seeded: leave out RDS_HOST and DYNAMODB_ENDPOINT, or let them lead to this machine');
  }
}

function registrationOf(given: Omit<Options, 'more'>): Registration {
  const { data, error } = registrationSchema.safeParse(given);
  if (data === undefined) {
    throw new CannotSeed(error.issues.map(({ path, message }) => `--${path.join('.').replace('timeZone', 'time-zone')} ${message}`).join('\n'));
  }
  return data;
}

/** An operator at the machine is no client whose registrations are counted. */
const unlimited = { network: undefined, publish: () => undefined, report: () => undefined };

function showProgress(written: number, total: number): void {
  if (process.stderr.isTTY) {
    process.stderr.write(written === total ? '\r\u001B[K' : `\rWriting ${total} todos: ${Math.round((written / total) * 100)} %`);
  }
}

function summary({ name, email }: User, todos: readonly { readonly status: string }[], password: string | undefined): string {
  const count = (status: string): number => todos.filter((todo) => todo.status === status).length;
  return [
    `${name} <${email}> has ${todos.length} todos more, of a year: ${count('done')} done, ${count('in_progress')} in progress, ${count('open')} open`,
    'While the service runs, those done ARCHIVE_AFTER_DAYS ago or earlier move to the archive',
    ...(password === undefined ? [] : [`Sign in with that e-mail and the password ${JSON.stringify(password)}`]),
  ].join('\n');
}

/** @returns the exit code: 0 done, 1 failed, 2 not understood */
async function main(words: readonly string[]): Promise<number> {
  const program = new Command('npm run seed --')
    .description('Fills an account with the todos of a believable year, beside a running Duet or alone; makes the account if there is none.')
    .option('--email <address>', 'the account', 'ada@example.com')
    .option('--name <name>', 'of a new account', 'Ada Lovelace')
    .option('--password <password>', 'of a new account', 'correct horse battery staple')
    .option('--time-zone <zone>', 'of a new account', 'Europe/Berlin')
    .option('--more', 'also when the account has todos')
    .allowExcessArguments(false)
    .exitOverride()
    .showHelpAfterError('See npm run seed -- --help');
  try {
    const options = program.parse(words, { from: 'user' }).opts<Options>();
    process.stdout.write(`${await besideService(async (app, config) => seed(app, config, options))}\n`);
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? 0 : 2;
    }
    const fields = error instanceof DuetError ? (error.errors ?? []).map(({ pointer, detail }) => `--${pointer.slice(1)} ${detail}`).join('\n') : '';
    const expected = error instanceof CannotSeed || error instanceof ConfigError || error instanceof LocalStoreError || error instanceof DuetError;
    process.stderr.write(`${fields || (expected ? error.message : `The seed failed: ${reasonOf(error)}`)}\n`);
    return 1;
  }
}

process.exit(await main(process.argv.slice(2)));
