import { parseArgs, type ParseArgsConfig } from 'node:util';

/** A command line that says nothing this program does. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What was asked for. */
export interface CommandLine {
  /** The command's words, such as `todos list`, and its operands; empty for the tour. */
  readonly words: readonly string[];
  readonly values: Values;
}

export type Values = ReturnType<typeof parseArgs<{ options: typeof options; allowPositionals: true }>>['values'];

const text = { type: 'string' } as const;
const texts = { type: 'string', multiple: true } as const;
const flag = { type: 'boolean' } as const;

const options = {
  help: { type: 'boolean', short: 'h' },
  json: flag,
  verbose: { type: 'boolean', short: 'v' },
  email: text,
  name: text,
  password: text,
  'time-zone': text,
  status: texts,
  priority: text,
  tag: texts,
  q: text,
  archived: flag,
  'due-before': text,
  'due-after': text,
  sort: text,
  limit: text,
  title: text,
  description: text,
  due: text,
  yes: flag,
} satisfies ParseArgsConfig['options'];

/** @throws UsageError */
export function parseCommandLine(args: readonly string[]): CommandLine {
  try {
    const { positionals, values } = parseArgs({ args: [...args], options, allowPositionals: true });
    return { words: positionals, values };
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** What `--help` prints. */
export const help = `Duet's demo: the whole service, from outside.

Usage: npm run demo [-- <command> [options]]

Without a command, a guided tour: registers a user, tries everything, checks every answer, and erases the user again.
Exit code 0 when all was as promised, 1 when not, 2 for a command line that says nothing.

Commands:
  status                               what runs there, and whether its stores are up
  register --email E --name N          a new account [--time-zone Z]; signed in from then on
  sign-in --email E                    keeps the session in DUET_SESSION_FILE
  sign-out
  whoami
  todos list                           [--status S]... [--priority P] [--tag T] [--q TEXT] [--archived] [--sort S]
                                       [--due-before D] [--due-after D] [--limit N]; 25 if no limit is given
  todos add TITLE                      [--description D] [--due D] [--priority P] [--tag T]...
  todos show ID
  todos edit ID                        [--title T] [--description D] [--due D] [--priority P] [--status S] [--tag T]...
  todos done ID
  todos delete ID
  counter show | counter count
  record show | record delete
  record create NAME=VALUE...          a value is JSON, or else text
  record set NAME VALUE
  dashboard
  erase --yes                          the signed-in user and all that is theirs

Options:
  -v, --verbose                        show each request and answer; tokens and passwords are left out
      --json                           for machines: one JSON document on standard output
  -h, --help

Environment:
  DUET_URL                             where Duet is; http://localhost:3000 if not set
  DUET_PASSWORD                        the password for register and sign-in; without it, you are asked
                                       at a terminal (--password would stay in the shell's history)
  DUET_SESSION_FILE                    where the session is kept; ~/.duet-session.json if not set
  NO_COLOR                             no colours, also on a terminal
`;
