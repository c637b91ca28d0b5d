import 'reflect-metadata';
import { ConfigError, parseConfig } from '../config/config.js';
import { readEnvironment } from '../config/environment.js';
import { createApp } from '../create-app.js';
import { UsersService } from '../features/users/users.service.js';
import { Postgres } from '../platform/postgres/postgres.js';
import { LocalStoreError, reasonOf } from './local-store-error.js';
import { attachOrStartLocalStores, withPlaceholders } from './local-stores.js';

const usage = `Usage:
  npm run admin -- grant <email>    make this user an administrator
  npm run admin -- revoke <email>   make them an ordinary user again

Works beside a running Duet or alone, on the stores that the same variables and data folder lead to.
A change holds from the user's next sign-in or refresh, within 15 minutes.
`;

const roles = { grant: 'admin', revoke: 'user' } as const;

interface Command {
  readonly role: (typeof roles)[keyof typeof roles];
  readonly email: string;
}

function parseCommand(words: readonly string[]): Command | null {
  const [verb, email] = words;
  return words.length === 2 && email?.includes('@') && (verb === 'grant' || verb === 'revoke') ? { role: roles[verb], email } : null;
}

async function setRole({ role, email }: Command): Promise<boolean> {
  const environment = readEnvironment('.env');
  parseConfig(withPlaceholders(environment));
  const stores = await attachOrStartLocalStores(environment, { onProgress: (text) => void process.stderr.write(`${text}\n`) });
  try {
    const config = parseConfig(stores.environment);
    const app = await createApp(config);
    try {
      if (config.provisionStores) {
        // Alone on a new data folder there are no tables yet; "no such user" is then the right answer.
        await app.get(Postgres).migrate();
      }
      return await app.get(UsersService).grantRole(email, role);
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
    if (!(await setRole(command))) {
      process.stderr.write(`No user has the e-mail ${command.email}: register first, with POST /users\n`);
      return 1;
    }
    process.stdout.write(command.role === 'admin' ? `${command.email} is now an administrator\n` : `${command.email} is now an ordinary user\n`);
    return 0;
  } catch (error) {
    const expected = error instanceof ConfigError || error instanceof LocalStoreError;
    process.stderr.write(expected ? `${error.message}\n` : `The role could not be changed: ${reasonOf(error)}\n`);
    return 1;
  }
}

process.exit(await main(process.argv.slice(2)));
