import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { beforeAll, afterAll, describe, expect, jest, test } from '@jest/globals';
import ts from 'typescript';
import { ClientHarness } from './client-harness.js';

// Real here: the examples of the documentation, type-checked and run against the service over HTTP and both stores.

const root = fileURLToPath(new URL('../../', import.meta.url));
const harness = new ClientHarness();

describe('The documentation', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'duet-client-'));
    await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  });
  afterAll(async () => rm(folder, { recursive: true }));

  /** The examples of a Markdown text, or of docstrings. */
  function examplesIn(text: string): string[] {
    return [...text.matchAll(/^([ *]*)```ts\n([\s\S]*?)^\1```$/gm)].map(([, margin = '', code = '']) =>
      code
        .split('\n')
        .map((line) => (line.startsWith(margin) ? line.slice(margin.length) : line.replace(/^[ *]+$/, '')))
        .join('\n'),
    );
  }

  /** What the comments behind `console.log` say it logs. */
  function promisedBy(code: string): string[] {
    return [...code.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].flatMap(([, comment = '']) => comment.split(' | '));
  }

  /** Writes programs as a user of the package would have them, type-checks them for a browser, and gives their files. */
  async function typeChecked(name: string, programs: readonly string[]): Promise<string[]> {
    const files = await Promise.all(
      programs.map(async (code, index) => {
        const source = code
          .replaceAll("'duet-client/mirror'", JSON.stringify(relative(folder, join(root, 'client/mirror/index.js'))))
          .replaceAll("'duet-client'", JSON.stringify(relative(folder, join(root, 'client/index.js'))))
          .replaceAll('https://duet.example.com', harness.service.url);
        const file = join(folder, `${name}-${index}.ts`);
        await writeFile(file, `${source}\nexport {};\n`);
        return file;
      }),
    );
    const { config } = ts.readConfigFile(join(root, 'client/tsconfig.json'), (path) => ts.sys.readFile(path));
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, join(root, 'client'));
    const program = ts.createProgram(files, { ...options, noEmit: true, rootDir: undefined, declaration: false });
    const problems = ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
    expect(problems).toEqual([]);
    return files;
  }

  /** Runs a program, and gives what it logs. */
  async function logOf(file: string): Promise<string[]> {
    const logged: string[] = [];
    jest.spyOn(console, 'log').mockImplementation((...values: unknown[]) => void logged.push(values.map(String).join(' ')));
    await import(pathToFileURL(file).pathname);
    jest.restoreAllMocks();
    return logged;
  }

  test.each([
    ['client/README.md', 20],
    ['README.md', 2],
  ])('in %s is one program that does what it says', async (file, least) => {
    const code = examplesIn(await readFile(join(root, file), 'utf8')).join('\n');

    const [program = ''] = await typeChecked(`readme-${least}`, [code]);
    const logged = await logOf(program);

    expect(logged).toEqual(promisedBy(code));
    expect(logged.length).toBeGreaterThanOrEqual(least);
  });

  test('in the docstrings does what it says', async () => {
    const files = (await readdir(join(root, 'client'), { recursive: true })).filter((file) => file.endsWith('.ts') && !/^(schema\.ts|dist\/)/.test(file));
    const texts = await Promise.all(files.map(async (file) => readFile(join(root, 'client', file), 'utf8')));
    const examples = texts.flatMap(examplesIn).map((code) => code.replace(/^import .*\n/m, ''));
    const before = `
      import { createDuetClient, DuetProblemError, type Todo } from 'duet-client';
      const duet = createDuetClient({ baseUrl: 'https://duet.example.com' });
      const credentials = { email: \`ada-\${crypto.randomUUID()}@example.com\`, password: 'correct horse battery staple' };
      await duet.register({ ...credentials, name: 'Ada' });
      await duet.signIn(credentials);
    `;
    expect(examples).toHaveLength(6);
    const todo = "const todo = await duet.todos.create({ title: 'Water the plants' });";
    const programs = await typeChecked(
      'docstring',
      examples.map((code) => `${before}\n${todo}\nvoid todo;\n${code}`),
    );
    for (const [index, code] of examples.entries()) {
      expect(await logOf(programs[index] ?? '')).toEqual(promisedBy(code));
    }
  });
});
