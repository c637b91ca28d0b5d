import 'reflect-metadata';
import type { INestApplicationContext } from '@nestjs/common';
import { idSchema } from '../../common/ids.js';
import { ConfigError, parseConfig } from '../../config/config.js';
import { readEnvironment } from '../../config/environment.js';
import { DeadEventsService } from '../../features/outbox/dead-events.service.js';
import { RolesService } from '../../features/users/roles.service.js';
import { Postgres } from '../../platform/postgres/postgres.js';
import { LocalStoreError, reasonOf } from '../stores/local-store-error.js';
import { attachOrStartLocalStores } from '../stores/local-stores.js';
import { withPlaceholders } from '../stores/placeholders.js';
import { createServerApp } from '../server/server-app.js';
import { tableOf } from './text-table.js';

const usage = `Usage:
  npm run admin -- grant <email>           make this user an administrator
  npm run admin -- revoke <email>          make them an ordinary user again
  npm run admin -- outbox                  list the events that were given up
  npm run admin -- outbox retry <id>|all   have one of them, or all, tried again
  npm run admin -- outbox discard <id>     drop one that can never be published

Works beside a running Duet or alone, on the stores that the same variables and data folder lead to.
A role holds from the user's next sign-in or refresh, within 15 minutes; a running Duet tries again within a second.
`;

/** Something an operator asked for: gives what to tell them. @throws CannotBeDone */
type Command = (app: INestApplicationContext) => Promise<string>;

/** What was asked for is about something that is not there; the message says what to do. */
class CannotBeDone extends Error {}

function parseCommand([verb = '', ...words]: readonly string[]): Command | null {
  const [first, second] = words;
  switch (verb) {
    case 'grant':
    case 'revoke':
      return words.length === 1 && first?.includes('@') ? setRole(first, verb) : null;
    case 'outbox':
      if (words.length === 0) {
        return listDead;
      }
      if (words.length === 2 && first === 'retry' && (second === 'all' || isId(second))) {
        return second === 'all' ? retryAllDead : retryDead(second);
      }
      return words.length === 2 && first === 'discard' && isId(second) ? discardDead(second) : null;
    default:
      return null;
  }
}

const isId = (word: string | undefined): word is string => idSchema.safeParse(word).success;

function setRole(email: string, verb: 'grant' | 'revoke'): Command {
  return async (app) => {
    if (!(await app.get(RolesService).grantRole(email, verb === 'grant' ? 'admin' : 'user'))) {
      throw new CannotBeDone(`No user has the e-mail ${email}: register first, with POST /users`);
    }
    return verb === 'grant' ? `${email} is now an administrator` : `${email} is now an ordinary user`;
  };
}

const listDead: Command = async (app) => {
  const { rows, total } = await app.get(DeadEventsService).list();
  if (rows.length === 0) {
    return 'No event was given up';
  }
  const lines = rows.map(({ id, kind, userId, attempts, ageSeconds, lastError }) =>
    // Kind and reason may be anything: a row stays a line.
    [id, kind.slice(0, 100), userId, String(attempts), ageOf(ageSeconds), lastError ?? ''].map((cell) => cell.replaceAll(/[\s\p{Cc}]+/gu, ' ')),
  );
  const table = tableOf([['id', 'kind', 'user', 'tries', 'age', 'last error'], ...lines]);
  return total > rows.length ? `${table}\nand ${total - rows.length} more` : table;
};

const retryAllDead: Command = async (app) => {
  const retried = await app.get(DeadEventsService).retry();
  return `${retried} ${retried === 1 ? 'event' : 'events'} will be tried again`;
};

function retryDead(id: string): Command {
  return async (app) => {
    if ((await app.get(DeadEventsService).retry(id)) === 0) {
      throw noSuchRow(id);
    }
    return `${id} will be tried again`;
  };
}

function discardDead(id: string): Command {
  return async (app) => {
    if (!(await app.get(DeadEventsService).discard(id))) {
      throw noSuchRow(id);
    }
    return `${id} was discarded: its event will never be published`;
  };
}

const noSuchRow = (id: string): CannotBeDone => new CannotBeDone(`No event that was given up has the id ${id}: npm run admin -- outbox lists them`);

function ageOf(seconds: number): string {
  const [hours, days] = [seconds / 3_600, seconds / 86_400].map(Math.floor) as [number, number];
  return days > 1 ? `${days} days` : hours > 0 ? `${hours} h` : `${Math.floor(seconds / 60)} min`;
}

async function run(command: Command): Promise<string> {
  const environment = readEnvironment('.env');
  parseConfig(withPlaceholders(environment));
  const stores = await attachOrStartLocalStores(environment, { onProgress: (text) => void process.stderr.write(`${text}\n`) });
  try {
    const config = parseConfig(stores.environment);
    const app = await createServerApp(config);
    try {
      if (config.provisionStores) {
        // Alone on a new data folder there are no tables yet; "no such user" is then the right answer.
        await app.get(Postgres).migrate();
      }
      return await command(app);
    } finally {
      await app.close();
    }
  } finally {
    await stores.stop();
  }
}

/** @returns the exit code: 0 done, 1 failed, 2 not understood */
async function main(words: readonly string[]): Promise<number> {
  if (words.length === 0 || words[0] === 'help' || words.includes('--help')) {
    process.stdout.write(usage);
    return words.length === 0 ? 2 : 0;
  }
  const command = parseCommand(words);
  if (command === null) {
    process.stderr.write(usage);
    return 2;
  }
  try {
    process.stdout.write(`${await run(command)}\n`);
    return 0;
  } catch (error) {
    const expected = error instanceof CannotBeDone || error instanceof ConfigError || error instanceof LocalStoreError;
    process.stderr.write(expected ? `${error.message}\n` : `Nothing was changed, as far as is known: ${reasonOf(error)}\n`);
    return 1;
  }
}

process.exit(await main(process.argv.slice(2)));
