import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { shortIds } from '../../../client/cli/short-ids.js';
import { CommandLineHarness } from './command-line-harness.js';

// Real here: the command line in this process, its client, the service over HTTP and both stores.

const harness = new CommandLineHarness();
const { data, play } = harness;

describe('Commands', () => {
  const email = `ada-${crypto.randomUUID()}@example.com`;

  test('work for the account that is signed in, from one to the next', async () => {
    expect(await data('register', '--email', email, '--name', 'Ada')).toMatchObject({ email, name: 'Ada' });
    expect((await stat(join(harness.folder, 'session.json'))).mode & 0o777).toBe(0o600);
    expect(await data('whoami')).toMatchObject({ email });

    const plants = await data('todos', 'add', 'Water', 'the', 'plants', '--tag', 'home', '--due', '2099-12-31');
    const other = await data('todos', 'add', '\u001B[31mRed', '--priority', 'high');
    expect(plants).toMatchObject({ title: 'Water the plants', tags: ['home'], due: '2099-12-31' });
    expect((await data('todos', '--tag', 'home')).map(({ id }: { id: string }) => id)).toEqual([plants.id]);
    expect(await data('todos', 'list', '--limit', '1')).toHaveLength(1);
    expect(await data('todos', 'edit', plants.id, '--status', 'in_progress')).toMatchObject({ status: 'in_progress', version: 2 });
    expect(await data('todos', 'done', plants.id)).toMatchObject({ status: 'done', version: 3 });
    const shown = await play(['todos', 'show', plants.id]);
    expect(shown.out).toMatch(/^Water the plants\n {2}id +[\da-f-]{36}\n {2}status +done\n/);
    const { out } = await play(['todos']);
    expect(out).toBe(`[ ] ${other.id.slice(-6)}  ·[31mRed  high\n[x] ${plants.id.slice(-6)}  Water the plants  due 2099-12-31  #home\n`);
    await data('todos', 'delete', other.id);
    expect(await data('todos')).toHaveLength(1);

    expect(await data('record', 'create', 'plan=free', 'seats=3')).toMatchObject({ plan: 'free', seats: 3 });
    expect(await data('record', 'set', 'plan', 'team')).toMatchObject({ plan: 'team', seats: 3 });
    await data('record', 'delete');
    expect((await data('counter', 'count')).visitCount).toBeGreaterThan(0);
    expect((await data('dashboard')).todos).toMatchObject({ total: 1, done: 1 });
    expect((await data('status')).health.status).toBe('ok');

    await data('sign-out');
    expect(JSON.parse(await readFile(join(harness.folder, 'session.json'), 'utf8'))).toEqual({});
    await data('sign-in', '--email', email);
    await data('erase', '--yes');
    const { code, err } = await play(['whoami']);
    expect([code, err]).toEqual([1, 'Sign in first: duet sign-in --email you@example.com\n']);
  });

  test('say what the service refuses', async () => {
    const { code, err } = await play(['sign-in', '--email', 'nobody@example.com']);

    expect(code).toBe(1);
    expect(err).toMatch(/^Wrong e-mail or password: .* \[auth\.invalid_credentials, request [\w-]+\]\n$/);
  });

  test.each([
    [['fly']],
    [['todos', 'fly']],
    [['todos', 'add']],
    [['--fly']],
    [['todos', 'list', '--limit', 'x']],
    [['todos', 'list', '--status', 'closed']],
    [['todos', 'show', 'a', 'b']],
    [['todos', 'show', 'zzzz']],
    [['register', '--name', 'Ada']],
    [['erase']],
    [['record', 'create', 'x']],
    [['completion', 'fish']],
  ])('that make no sense, as %j, end with 2 and name the help', async (args) => {
    const { code, out, err } = await play(args);

    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/See duet --help\n+$/);
  });

  test('with a typo get the nearest word', async () => {
    expect((await play(['dashbord'])).err).toContain('Did you mean dashboard?');
    expect((await play(['todos', '--priorty', 'high'])).err).toContain('Did you mean --priority?');
    expect((await play(['todos', 'shwo'])).err).toContain("unknown command 'shwo' of duet todos, which has: list, add, show");
  });

  test('are all in the help', async () => {
    const { code, out } = await play(['--help'], { url: 'http://127.0.0.1:9' });

    expect(code).toBe(0);
    for (const word of ['todos', 'sign-in', 'erase', 'demo', 'completion', '--json', '--verbose', 'DUET_URL', 'NO_COLOR']) {
      expect(out).toContain(word);
    }
    expect((await play(['todos', '--help'])).out).toContain('import');
    expect((await play([])).err).toContain('Usage: duet');
  });
});

describe('A short id', () => {
  test('finds its todo, in the archive too, and says when it finds none or several', async () => {
    await data('register', '--email', `short-${crypto.randomUUID()}@example.com`, '--name', 'Ada');
    const first = await data('todos', 'add', 'First');
    await data('todos', 'add', 'Second');

    expect(await data('todos', 'show', first.id.slice(-6).toUpperCase())).toEqual(first);
    const none = await play(['todos', 'show', first.id.slice(-6).replace(/^./, (digit: string) => (digit === '0' ? '1' : '0'))]);
    expect([none.code, none.err]).toEqual([1, expect.stringMatching(/^No todo of yours has an id that ends with/)]);
    await data('erase', '--yes');
  });

  test('is as long as it takes to tell todos apart', () => {
    const id = (end: string): string => `01a00000-0000-7000-8000-${end}`;

    expect(shortIds([id('000000abcdef'), id('0000001bcdef')])).toEqual(['abcdef', '1bcdef']);
    expect(shortIds([id('0000a0abcdef'), id('0000b0abcdef')])).toEqual(['a0abcdef', 'b0abcdef']);
    expect(shortIds([id('000000abcdef'), id('000000abcdef')])).toEqual(['abcdef', 'abcdef']);
  });
});

test('The dashboard shows its counts as bars to one scale', async () => {
  await data('register', '--email', `bars-${crypto.randomUUID()}@example.com`, '--name', 'Ada');
  for (const [title, ...options] of [['One', '--due', '2020-01-31'], ['Two'], ['Three', '--status', 'done']] as const) {
    await data('todos', 'add', title, ...options);
  }

  const { out } = await play(['dashboard']);

  expect(out).toContain(`open         2  ${'█'.repeat(30)}\n`);
  expect(out).toContain(`in progress  0\n`);
  expect(out).toContain(`done         1  ${'█'.repeat(15)}\n`);
  expect(out).toContain('1 overdue, 0 due today');
  expect(out).toMatch(/Last created\n\[x\] [\da-f]{6} {2}Three/);
  await data('erase', '--yes');
});

describe('Completion', () => {
  /** The words that bash offers after these. */
  async function completions(...words: string[]): Promise<string[]> {
    const { out } = await play(['completion', 'bash'], { url: 'http://127.0.0.1:9' });
    const script = `${out}\nCOMP_WORDS=(duet ${words.map((word) => `'${word}'`).join(' ')})\nCOMP_CWORD=${words.length}\n_duet\nprintf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await promisify(execFile)('bash', ['-c', script]);
    return stdout.trim().split('\n');
  }

  test('in bash offers commands, their options, and the values of options', async () => {
    expect(await completions('da')).toEqual(['dashboard']);
    expect(await completions('todos', 'i')).toEqual(['import']);
    expect(await completions('todos', 'list', '--du')).toEqual(['--due-before', '--due-after']);
    expect(await completions('--json', 'todos', 'list', '--status', '')).toEqual(['open', 'in_progress', 'done']);
    expect(await completions('completion', '--js')).toEqual(['--json']);
  });

  const zsh = '/usr/bin/zsh';
  const inZsh = existsSync(zsh) ? test : test.skip;
  inZsh(`in zsh does the same, as its completion is typed (skipped where there is no ${zsh})`, async () => {
    const { out } = await play(['completion', 'zsh']);
    const file = join(harness.folder, 'completion.zsh');
    await writeFile(file, out);
    // A zsh at a terminal of its own, in which each line is typed, with a tab at its end; duet shows what became of them.
    const script = `zmodload zsh/zpty
      zpty shell ${zsh} -f -i
      zpty -w shell "source $1; duet() { print -r -- \\"ran <\\$*>\\" }; print ready-\\$((1 + 1))"
      zpty -r -m shell answer '*ready-2*'
      shift
      for line; do
        zpty -w shell "duet $line"$'\\t'
        zpty -r -m shell answer '*ran <*>*'
        print -r -- "\${\${answer##*ran <}%%>*}"
      done
      zpty -d shell`;
    const env = { PATH: process.env['PATH'], TERM: 'dumb', ZDOTDIR: harness.folder };
    const typed = ['da', 'todos i', 'todos list --due-b', '--json todos list --status i', 'completion --js'];
    const { stdout } = await promisify(execFile)(zsh, ['-f', '-c', script, 'zsh', file, ...typed], { env, timeout: 50_000 });

    expect(stdout.trim().split('\n')).toEqual([
      'dashboard',
      'todos import',
      'todos list --due-before',
      '--json todos list --status in_progress',
      'completion --json',
    ]);
  });
});
