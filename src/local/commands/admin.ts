import 'reflect-metadata';
import type { INestApplicationContext } from '@nestjs/common';
import { confirm } from '@inquirer/prompts';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { idSchema } from '../../common/ids.js';
import { ConfigError } from '../../config/config.js';
import { DeadDeliveriesService } from '../../features/outbox/dead-deliveries.service.js';
import { isMail } from '../../features/outbox/outbox.js';
import { RolesService } from '../../features/users/roles.service.js';
import { reasonOf } from '../errors/system-errors.js';
import { LocalStoreError } from '../errors/local-store-error.js';
import { besideService } from './beside-service.js';
import { tableOf } from './text-table.js';

/** Something an operator asked for: gives what to print. @throws CannotBeDone */
type Work = (app: INestApplicationContext) => Promise<string>;

/** What was asked for is about something that is not there; the message says what to do. */
class CannotBeDone extends Error {}

function id(word: string): string {
  if (!idSchema.safeParse(word).success) {
    throw new InvalidArgumentError('It must be an id, such as those that npm run admin -- outbox lists.');
  }
  return word;
}

function userId(word: string): string {
  if (!word.includes('@') && !idSchema.safeParse(word).success) {
    throw new InvalidArgumentError("It must be a user's id, or an e-mail that is verified.");
  }
  return word;
}

const listAdmins: Work = async (app) => {
  const admins = await app.get(RolesService).listAdmins();
  const rows = admins.map(({ id: userId, email: address, name, createdAt }) => [userId, address, name, createdAt].map(onOneLine));
  return admins.length === 0 ? 'There is no administrator: npm run admin -- grant <id> makes one' : tableOf([['id', 'e-mail', 'name', 'since'], ...rows]);
};

function changeRole(user: string, change: 'grantAdmin' | 'revokeAdmin', yes: boolean): Work {
  return async (app) => {
    const roles = app.get(RolesService);
    const found = (await roles.find(user)) ?? missing(user);
    const { name, email, emailVerified, role, createdAt } = found;
    if (user.includes('@') && !emailVerified) {
      throw new CannotBeDone(
        `The e-mail ${onOneLine(email)} is not verified, so anyone may have registered it: name the user by id. GET /users/me tells them theirs`,
      );
    }
    const shown = `${onOneLine(name)} <${onOneLine(email)}>, e-mail ${emailVerified ? 'verified' : 'not verified'}, registered ${createdAt}, now ${role === 'admin' ? 'an administrator' : 'an ordinary user'}`;
    process.stderr.write(`${shown}\n`);
    const question = change === 'grantAdmin' ? 'Make this user an administrator?' : 'Make this user an ordinary user, and end their sessions?';
    if (!yes && !(await isConfirmed(question))) {
      throw new CannotBeDone('Nothing was changed');
    }
    await (change === 'grantAdmin' ? roles.grantAdmin(found.id) : roles.revokeAdmin(found.id));
    return change === 'grantAdmin'
      ? `${found.id} is now an administrator, from the next sign-in or refresh on`
      : `${found.id} is now an ordinary user, and has to sign in again`;
  };
}

async function isConfirmed(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) {
    throw new CannotBeDone('Nothing was changed: there is no terminal to ask at; add --yes if this is the right user');
  }
  return confirm({ message: question, default: false }, { output: process.stderr });
}

function missing(user: string): never {
  throw new CannotBeDone(`No user has the ${user.includes('@') ? 'e-mail' : 'id'} ${user}`);
}

const listDead: Work = async (app) => {
  const { rows, total } = await app.get(DeadDeliveriesService).list();
  if (rows.length === 0) {
    return 'Nothing was given up';
  }
  const lines = rows.map(({ id: row, kind, userId, attempts, ageSeconds, lastError }) =>
    [row, kind.slice(0, 100), userId, String(attempts), ageOf(ageSeconds), lastError ?? ''].map(onOneLine),
  );
  const table = tableOf([['id', 'kind', 'user', 'tries', 'age', 'last error'], ...lines]);
  return total > rows.length ? `${table}\nand ${total - rows.length} more` : table;
};

const retryAllDead: Work = async (app) => {
  const retried = await app.get(DeadDeliveriesService).retry();
  const mails = retried.filter(isMail).length;
  return `${countOf(retried.length - mails, 'event')} and ${countOf(mails, 'mail')} will be tried again`;
};

function retryDead(id: string): Work {
  return async (app) => {
    const [kind = noSuchRow(id)] = await app.get(DeadDeliveriesService).retry(id);
    return `The ${isMail(kind) ? 'mail' : 'event'} ${id} will be tried again`;
  };
}

function discardDead(id: string): Work {
  return async (app) => {
    const kind = (await app.get(DeadDeliveriesService).discard(id)) ?? noSuchRow(id);
    return `The ${isMail(kind) ? 'mail' : 'event'} ${id} was discarded: it will never be ${isMail(kind) ? 'sent' : 'published'}`;
  };
}

function noSuchRow(id: string): never {
  throw new CannotBeDone(`Nothing that was given up has the id ${id}: npm run admin -- outbox lists it`);
}

const countOf = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** A name, a kind or a reason may hold anything: a row stays a line. */
const onOneLine = (cell: string): string => cell.replaceAll(/[\s\p{Cc}]+/gu, ' ');

function ageOf(seconds: number): string {
  const [hours, days] = [seconds / 3_600, seconds / 86_400].map(Math.floor) as [number, number];
  return days > 1 ? `${days} days` : hours > 0 ? `${hours} h` : `${Math.floor(seconds / 60)} min`;
}

/** Runs work and prints its result; gives the exit code: 0 done, 1 failed. */
async function perform(work: Work): Promise<number> {
  try {
    process.stdout.write(`${await besideService(work)}\n`);
    return 0;
  } catch (error) {
    const expected = error instanceof CannotBeDone || error instanceof ConfigError || error instanceof LocalStoreError;
    process.stderr.write(expected ? `${error.message}\n` : `Nothing was changed, as far as is known: ${reasonOf(error)}\n`);
    return 1;
  }
}

/** @returns the exit code: 0 done, 1 failed, 2 not understood */
async function main(words: readonly string[]): Promise<number> {
  let exitCode = 0;
  const doing =
    <Args extends readonly unknown[]>(work: (...args: Args) => Work) =>
    async (...args: unknown[]): Promise<void> => {
      exitCode = await perform(work(...(args.slice(0, -1) as unknown as Args)));
    };
  const program = new Command('npm run admin --')
    .description('What an operator does, beside a running Duet or alone, on the stores that the same variables and data folder lead to.')
    .exitOverride()
    .showHelpAfterError('See npm run admin -- --help')
    .helpCommand(false);
  program
    .command('list')
    .description('list the administrators')
    .action(doing(() => listAdmins));
  program
    .command('grant')
    .description('make a user an administrator, from their next sign-in or refresh on')
    .argument('<id>', "the user's id, or an e-mail that is verified", userId)
    .option('--yes', 'do not ask')
    .action(doing((user: string, { yes = false }: { yes?: boolean }) => changeRole(user, 'grantAdmin', yes)));
  program
    .command('revoke')
    .description('make an administrator an ordinary user again, at once, and end their sessions')
    .argument('<id>', "the user's id, or an e-mail that is verified", userId)
    .option('--yes', 'do not ask')
    .action(doing((user: string, { yes = false }: { yes?: boolean }) => changeRole(user, 'revokeAdmin', yes)));
  const outbox = program.command('outbox').description('the events and mails that were given up; without a further word, a list of them');
  outbox
    .command('list', { isDefault: true })
    .description('list them')
    .allowExcessArguments()
    .action(async (_options: unknown, list: Command) => {
      if (list.args.length > 0) {
        outbox.error(`error: unknown command '${list.args.join(' ')}' of outbox, which has: list, retry <id|all>, discard <id>`);
      }
      exitCode = await perform(listDead);
    });
  outbox
    .command('retry')
    .description('have one of them, or all, tried again within a second')
    .argument('<id|all>', '', (word) => (word === 'all' ? word : id(word)))
    .action(doing((word: string) => (word === 'all' ? retryAllDead : retryDead(word))));
  outbox
    .command('discard')
    .description('drop one that can never be published or sent')
    .argument('<id>', '', id)
    .action(doing((word: string) => discardDead(word)));
  try {
    await program.parseAsync(words, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? 0 : 2;
    }
    throw error;
  }
}

process.exit(await main(process.argv.slice(2)));
