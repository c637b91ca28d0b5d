import { Argument, Command, CommanderError } from 'commander';
import { contractVersion } from '../index.js';
import { accountCommands, type Run } from './account-commands.js';
import { completionScript, type Shell } from './completion.js';
import { printable } from './exchanges.js';
import { otherCommands } from './other-commands.js';
import { playTour } from './tour/play-tour.js';
import { CliSession, type GlobalOptions } from './session.js';
import { todoCommands } from './todo-commands.js';
import { UsageError, type World } from './world.js';

const environmentHelp = `
Environment:
  DUET_URL           where Duet is; http://localhost:3000 if not set
  DUET_PASSWORD      the password for register and sign-in; without it you are asked at a terminal
  DUET_SESSION_FILE  where the session is kept; ~/.duet-session.json if not set
  NO_COLOR           no colours, also on a terminal

Exit code: 0 done, 1 failed, 2 a command line that makes no sense.`;

/** Runs a command line; gives the exit code: 0 done, 1 failed, 2 not understood. */
export async function runCli(world: World): Promise<number> {
  const { program, session } = createProgram(world);
  try {
    await program.parseAsync(world.args, { from: 'user' });
    return session()?.exitCode ?? 0;
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? 0 : 2;
    }
    if (error instanceof UsageError) {
      world.err(`${printable(error.message)}. See duet --help\n`);
      return 2;
    }
    throw error;
  }
}

function createProgram(world: World): { program: Command; session: () => CliSession | undefined } {
  let session: CliSession | undefined;
  const open = (): CliSession => (session = new CliSession(world, program.opts<GlobalOptions>()));
  const run: Run = async (work) => open().run(work);
  const program = new Command('duet')
    .description('Todos, from the command line.')
    .version(contractVersion)
    .option('--json', 'one JSON document on standard output, for machines')
    .option('-v, --verbose', 'show each request and answer; tokens and passwords are left out')
    .addHelpText('after', environmentHelp);
  const commands = [
    todoCommands(world, run),
    ...accountCommands(world, run),
    ...otherCommands(run),
    new Command('demo')
      .description('a guided tour: plays the whole story, checks every answer, and deletes its user again')
      .action(async () => playTour(open())),
    new Command('completion')
      .description('a script that completes command lines: eval "$(duet completion bash)"')
      .addArgument(new Argument('<shell>').choices(['bash', 'zsh']))
      .action((shell: Shell) => world.out(completionScript(program, shell))),
  ];
  commands.forEach((command) => program.addCommand(command));
  settle(program, world);
  return { program, session: () => session };
}

// Commander hands its settings on only to commands that it makes itself.
function settle(command: Command, world: World): void {
  command
    .exitOverride()
    .configureOutput({ writeOut: world.out, writeErr: (text) => world.err(text), getOutHasColors: () => false, getErrHasColors: () => false })
    .showHelpAfterError('See duet --help')
    .helpCommand(false);
  command.commands.forEach((child) => settle(child, world));
}
