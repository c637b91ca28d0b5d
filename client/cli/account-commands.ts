import { Command } from 'commander';
import type { DuetClient } from '../index.js';
import { dashboardText, statusText, userDetails } from './format.js';
import { type Result, UsageError, type World } from './world.js';

/** Runs a command's work against the service. */
export type Run = (work: (duet: DuetClient) => Promise<Result>) => Promise<void>;

interface Credentials {
  readonly email: string;
  readonly password?: string;
}

/** The commands about the service, the account and its overview. */
export function accountCommands(world: World, run: Run): Command[] {
  return [
    new Command('status').description('what runs there, and whether its stores can be reached').action(async () =>
      run(async (duet) => {
        const [service, health] = await Promise.all([duet.service(), duet.health()]);
        return { data: { service, health }, text: statusText(service, health) };
      }),
    ),
    new Command('register')
      .description('make an account, and sign in to it')
      .requiredOption('--email <address>')
      .requiredOption('--name <name>')
      .option('--time-zone <zone>', 'such as Europe/Berlin; UTC if left out')
      .option('--password <password>', 'stays in the history of your shell: better leave it out, and be asked')
      .action(async ({ email, name, timeZone, password: given }: Credentials & { name: string; timeZone?: string }) =>
        run(async (duet) => {
          const password = await newPassword(world, given);
          await duet.register({ email, password, name, timeZone });
          return signIn(duet, email, password);
        }),
      ),
    new Command('sign-in')
      .description('sign in; the session is kept in DUET_SESSION_FILE')
      .requiredOption('--email <address>')
      .option('--password <password>', 'stays in the history of your shell: better leave it out, and be asked')
      .action(async ({ email, password }: Credentials) => run(async (duet) => signIn(duet, email, await askedPassword(world, password, 'Password:')))),
    new Command('sign-out').description('end the session').action(async () =>
      run(async (duet) => {
        await duet.signOut();
        return { data: null, text: 'Signed out.' };
      }),
    ),
    new Command('whoami').description('the account that is signed in').action(async () =>
      run(async (duet) => {
        const user = await duet.users.me();
        return { data: user, text: userDetails(user) };
      }),
    ),
    new Command('dashboard').description('how many todos there are, and what is next').action(async () =>
      run(async (duet) => {
        const dashboard = await duet.users.dashboard();
        return { data: dashboard, text: dashboardText(dashboard) };
      }),
    ),
    new Command('erase')
      .description('delete the account that is signed in, and all that belongs to it')
      .option('--yes', 'really')
      .action(async ({ yes }: { yes?: boolean }) =>
        run(async (duet) => {
          if (yes !== true) {
            throw new UsageError('erase deletes the account that is signed in, and all that belongs to it: say --yes');
          }
          await duet.users.delete(await duet.users.me());
          return { data: null, text: 'Erased.' };
        }),
      ),
  ];
}

async function signIn(duet: DuetClient, email: string, password: string): Promise<Result> {
  const user = await duet.signIn({ email, password });
  return { data: user, text: `Signed in as ${user.name} <${user.email}>, ${user.id}` };
}

/** Asked for twice where it is asked for: what is typed cannot be seen. */
async function newPassword(world: World, given: string | undefined): Promise<string> {
  const password = await askedPassword(world, given, 'New password, of 15 characters or more:');
  if (!given && !world.environment['DUET_PASSWORD'] && (await world.askPassword?.('The same again:')) !== password) {
    throw new UsageError('The two passwords differ: no account was made');
  }
  return password;
}

async function askedPassword({ environment, askPassword }: World, given: string | undefined, question: string): Promise<string> {
  const password = given || environment['DUET_PASSWORD'] || (await askPassword?.(question));
  if (!password) {
    throw new UsageError(
      askPassword === undefined ? 'The password is missing: set DUET_PASSWORD, or run this at a terminal to be asked for it' : 'The password is missing',
    );
  }
  return password;
}
