import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readTodos, writeTodos } from '../../../client/cli/todo-files.js';
import { Progress } from '../../../client/cli/progress.js';
import { CommandLineHarness } from './command-line-harness.js';

// Real here: the command line in this process, its client, the service over HTTP, both stores, and files.

const harness = new CommandLineHarness();
const { data, play } = harness;

const contents = [
  { title: 'Plain' },
  { title: 'With "quotes", commas\nand lines', description: '=SUM(A1)', status: 'done', priority: 'high', due: '2026-12-31', tags: ['home', 'a b'] },
  { title: 'Hard tags', tags: ['semi;colon', '[bracket'], checklist: [{ title: 'Ferns; roses', done: true }] },
];

const signUp = async (): Promise<unknown> => data('register', '--email', `files-${crypto.randomUUID()}@example.com`, '--name', 'Ada');
const file = (name: string): string => join(harness.folder, name);
const withoutTimes = (todos: any[]): unknown[] =>
  todos.map(({ title, description, status, priority, due, tags, checklist }) => ({ title, description, status, priority, due, tags, checklist }));

describe.each(['json', 'csv'])('Todos as %s', (format) => {
  test('go into a file and come back as they were, and a repeated import creates nothing twice', async () => {
    await signUp();
    await writeFile(file(`in-${format}.json`), JSON.stringify(contents));
    expect(await data('todos', 'import', file(`in-${format}.json`))).toHaveLength(3);
    expect(await data('todos', 'import', file(`in-${format}.json`))).toHaveLength(3);
    const before = await data('todos', '--sort', 'createdAt');
    expect(before).toHaveLength(3);

    const exported = await play(['todos', 'export', file(`out.${format}`)]);
    expect([exported.code, exported.out]).toEqual([0, `3 todos exported to ${file(`out.${format}`)}.\n`]);
    await signUp();
    const imported = await play(['todos', 'import', file(`out.${format}`)]);

    expect([imported.code, imported.out]).toEqual([0, '3 todos imported.\n']);
    const byTitle = (todos: any[]): any[] => todos.toSorted((one, other) => (one.title < other.title ? -1 : 1));
    expect(withoutTimes(byTitle(await data('todos')))).toEqual(withoutTimes(byTitle(before)));
  });
});

test('An export replaces no file unless that is asked for', async () => {
  await signUp();
  await writeFile(file('kept.json'), 'precious');

  const refused = await play(['todos', 'export', file('kept.json')]);
  expect([refused.code, await readFile(file('kept.json'), 'utf8')]).toEqual([1, 'precious']);
  expect(refused.err).toMatch(/is there already: say --force/);
  expect((await play(['todos', 'export', file('kept.json'), '--force'])).code).toBe(0);
  expect(JSON.parse(await readFile(file('kept.json'), 'utf8'))).toEqual([]);
});

test('An import names what is wrong with each todo, and imports the others', async () => {
  await signUp();
  await writeFile(file('mixed.json'), JSON.stringify([{ title: 'Good' }, { title: '' }, { title: 'Also good' }]));

  const { code, err } = await play(['todos', 'import', file('mixed.json')]);

  expect(code).toBe(1);
  expect(err).toMatch(/^1 of 3 todos were refused, 2 imported:.*todo 2: \/title /);
  expect(await data('todos')).toHaveLength(2);
});

test.each([
  ['not JSON', 'bad.json', '[', /^The file is not JSON/],
  ['JSON of another kind', 'kind.json', '{"title":"x"}', /^The file must hold a list of todos/],
  ['a field that no todo has', 'field.json', '[{"title":"x","colour":"red"}]', /^Todo 1 has “colour”, which no todo has: title/],
  ['CSV without a title', 'title.csv', 'name\nx\n', /one of them is title/],
  ['CSV that is cut', 'cut.csv', 'title,tags\n"x', /^Row \d of the file is no CSV/],
  ['a checklist that is no JSON', 'list.csv', 'title,checklist\nx,[x] Ferns\n', /^The checklist of todo 1 is not JSON/],
  ['a file whose format is unknown', 'todos.txt', '[]', /Say --format json or --format csv/],
])('An import of %s says so and creates nothing', async (_, name, text, message) => {
  await signUp();
  await writeFile(file(name), text);

  const { code, err } = await play(['todos', 'import', file(name)]);

  expect(code).toBe(1);
  expect(err).toMatch(message);
  expect(await data('todos')).toEqual([]);
});

test('A file that is not there is named', async () => {
  await signUp();

  const { code, err } = await play(['todos', 'import', file('nowhere.json')]);

  expect([code, err]).toEqual([1, expect.stringContaining('nowhere.json cannot be read')]);
  await expect(access(file('nowhere.json'))).rejects.toThrow('ENOENT');
});

test('A spreadsheet’s byte order mark and empty lines are no rows', () => {
  expect(readTodos('\uFEFFtitle,tags\r\nA,"x; y"\r\n\r\n', 'csv')).toEqual([{ title: 'A', tags: ['x', 'y'] }]);
  expect(writeTodos([], 'csv')).toBe('id,title,description,status,priority,due,tags,checklist,createdAt,updatedAt,completedAt,archivedAt\n');
});

describe('Progress', () => {
  const after = (ms: number, progressTerminal: boolean): string => {
    let shown = '';
    let now = 0;
    const progress = new Progress({ progressTerminal, err: (text) => void (shown += text) }, 'Importing', 4, () => now);
    now = ms;
    progress.advance(1);
    progress.end();
    return shown;
  };

  test('is a bar once a second has passed, and is gone in the end', () => {
    expect(after(1_500, true)).toBe(`\rImporting ██████${'░'.repeat(18)} 1 of 4\r\u001B[K`);
  });

  test('is nothing before that, and nothing where there is no terminal', () => {
    expect([after(500, true), after(1_500, false)]).toEqual(['', '']);
  });
});
