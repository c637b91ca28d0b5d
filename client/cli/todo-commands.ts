import { readFile, writeFile } from 'node:fs/promises';
import { text as textOf } from 'node:stream/consumers';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { DuetClient, Todo, TodoContent, TodoQuery } from '../index.js';
import type { Run } from './account-commands.js';
import { todoDetails, todoLine, todoLines } from './format.js';
import { importTodos } from './import-todos.js';
import { Progress } from './progress.js';
import { findTodo, shortIds } from './short-ids.js';
import { type FileFormat, readTodos, writeTodos } from './todo-files.js';
import { CommandError, type Result, type World } from './world.js';

const statuses = ['open', 'in_progress', 'done'] as const;
const priorities = ['low', 'normal', 'high'] as const;

const collect = (value: string, earlier: readonly string[] = []): string[] => [...earlier, value];

function positive(value: string): number {
  if (!/^[1-9]\d{0,8}$/.test(value)) {
    throw new InvalidArgumentError('It must be a whole number from 1.');
  }
  return Number(value);
}

interface ListOptions {
  readonly status?: (typeof statuses)[number][];
  readonly priority?: (typeof priorities)[number];
  readonly tag?: string;
  readonly q?: string;
  readonly archived?: boolean;
  readonly dueBefore?: string;
  readonly dueAfter?: string;
  readonly sort?: TodoQuery['sort'];
  readonly limit: number;
}

interface FileOptions {
  readonly format?: FileFormat;
  readonly archived?: boolean;
  readonly force?: boolean;
}

/** The commands about todos. */
export function todoCommands(world: World, run: Run): Command {
  const todos = new Command('todos').description('todos; without a further word, a list of them');
  const onOne = (name: string, description: string, work: (duet: DuetClient, todo: Todo) => Promise<Result>): Command =>
    new Command(name)
      .description(description)
      .argument('<id>', 'whole, or as much of its end as “duet todos” shows')
      .action(async (id: string) => run(async (duet) => work(duet, await findTodo(duet, id))));

  return todos
    .addCommand(listCommand(todos, run), { isDefault: true })
    .addCommand(
      contentOptions(new Command('add').description('a new todo').argument('<title...>')).action(async (words: string[], options: Partial<TodoContent>) =>
        run(async (duet) => oneLine(await duet.todos.create({ ...contentOf(options), title: words.join(' ') }))),
      ),
    )
    .addCommand(onOne('show', 'all of a todo', async (_, todo) => ({ data: todo, text: todoDetails(todo) })))
    .addCommand(
      contentOptions(new Command('edit').description('change a todo').argument('<id>').option('--title <text>')).action(
        async (id: string, options: Partial<TodoContent>) =>
          run(async (duet) => oneLine(await duet.todos.update(await findTodo(duet, id), contentOf(options)))),
      ),
    )
    .addCommand(onOne('done', 'complete a todo', async (duet, todo) => oneLine(await duet.todos.update(todo, { status: 'done' }))))
    .addCommand(
      onOne('delete', 'delete a todo', async (duet, todo) => {
        await duet.todos.delete(todo);
        return { data: null, text: 'Deleted.' };
      }),
    )
    .addCommand(importCommand(world, run))
    .addCommand(exportCommand(world, run));
}

function listCommand(todos: Command, run: Run): Command {
  return new Command('list')
    .description('todos, newest first')
    .addOption(
      new Option('--status <status>', 'may be given several times')
        .choices(statuses)
        .argParser((value: string, earlier?: string[]) => chosen(statuses, value, earlier)),
    )
    .addOption(new Option('--priority <priority>').choices(priorities))
    .option('--tag <tag>')
    .option('--q <text>', 'in title or description')
    .option('--archived', 'those of the archive instead')
    .option('--due-before <time>', 'a date or an instant, exclusive')
    .option('--due-after <time>', 'a date or an instant, inclusive')
    .addOption(new Option('--sort <order>').choices(['-createdAt', 'createdAt', 'due']))
    .option('--limit <number>', 'how many', positive, 25)
    .allowExcessArguments()
    .action(async ({ archived, limit, ...filters }: ListOptions, command: Command) => {
      if (command.args.length > 0) {
        const known = todos.commands.map((one) => one.name()).join(', ');
        todos.error(`error: unknown command '${command.args[0] ?? ''}' of duet todos, which has: ${known}`);
      }
      return run(async (duet) => {
        const query: TodoQuery = { ...filters, archived: archived === true ? 'true' : undefined, limit: Math.min(limit, 100) };
        const found = await duet.todos.list(query).take(limit);
        return { data: found, text: found.length === 0 ? 'No todos.' : todoLines(found) };
      });
    });
}

function chosen(choices: readonly string[], value: string, earlier?: string[]): string[] {
  if (!choices.includes(value)) {
    throw new InvalidArgumentError(`Allowed choices are ${choices.join(', ')}.`);
  }
  return collect(value, earlier);
}

function contentOptions(command: Command): Command {
  return command
    .option('--description <text>')
    .option('--due <time>', 'a date or an instant')
    .addOption(new Option('--priority <priority>').choices(priorities))
    .addOption(new Option('--status <status>').choices(statuses))
    .option('--tag <tag>', 'may be given several times', collect);
}

function contentOf({ tag, ...content }: Partial<TodoContent> & { tag?: string[] }): Partial<TodoContent> {
  return { ...content, ...(tag !== undefined && { tags: tag }) };
}

function importCommand(world: World, run: Run): Command {
  return new Command('import')
    .description('create the todos of a JSON or CSV file, each once however often it is tried')
    .argument('<file>', 'its name ends with .json or .csv; - is standard input')
    .addOption(formatOption())
    .action(async (file: string, { format }: FileOptions) =>
      run(async (duet) => {
        const text = file === '-' ? await textOf(process.stdin) : await readText(file);
        const contents = readTodos(text, formatOf(file, format));
        const progress = new Progress(world, 'Importing', contents.length);
        try {
          const created = await importTodos(duet, contents, () => progress.advance());
          return { data: created, text: `${created.length} ${created.length === 1 ? 'todo' : 'todos'} imported.` };
        } finally {
          progress.end();
        }
      }),
    );
}

function exportCommand(world: World, run: Run): Command {
  return new Command('export')
    .description('write all todos to a JSON or CSV file, or to standard output')
    .argument('[file]', 'its name ends with .json or .csv')
    .addOption(formatOption())
    .option('--archived', 'the archive too')
    .option('--force', 'replace the file if there is one')
    .action(async (file: string | undefined, { format, archived, force }: FileOptions) =>
      run(async (duet) => {
        const { todos: counts } = await duet.users.dashboard();
        const progress = new Progress(world, 'Exporting', (counts?.total ?? 0) + (archived === true ? (counts?.archived ?? 0) : 0));
        const todos: Todo[] = [];
        try {
          for (const from of archived === true ? [undefined, 'true' as const] : [undefined]) {
            for await (const { items } of duet.todos.list({ limit: 100, archived: from, sort: from === undefined ? 'createdAt' : undefined }).pages()) {
              todos.push(...items);
              progress.advance(items.length);
            }
          }
        } finally {
          progress.end();
        }
        const text = writeTodos(todos, file === undefined ? (format ?? 'json') : formatOf(file, format));
        if (file === undefined) {
          return { data: todos, text: text.trimEnd() };
        }
        await writeText(file, text, force === true);
        return { data: todos, text: `${todos.length} ${todos.length === 1 ? 'todo' : 'todos'} exported to ${file}.` };
      }),
    );
}

const formatOption = (): Option => new Option('--format <format>', 'if the name of the file does not say it').choices(['json', 'csv']);

function formatOf(file: string, given: FileFormat | undefined): FileFormat {
  const format = given ?? /\.(json|csv)$/i.exec(file)?.[1]?.toLowerCase();
  if (format !== 'json' && format !== 'csv') {
    throw new CommandError(`Is ${file} JSON or CSV? Say --format json or --format csv`);
  }
  return format;
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new CommandError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

async function writeText(file: string, text: string, replace: boolean): Promise<void> {
  try {
    await writeFile(file, text, { flag: replace ? 'w' : 'wx' });
  } catch (error) {
    const exists = (error as { code?: string }).code === 'EEXIST';
    throw new CommandError(exists ? `${file} is there already: say --force to replace it` : `${file} cannot be written: ${String(error)}`, { cause: error });
  }
}

function oneLine(todo: Todo): Result {
  return { data: todo, text: todoLine(todo, shortIds([todo.id])[0] ?? todo.id) };
}
