import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Environment } from '../../src/config/config.js';

// Real: scripts/run.mjs, the Nest CLI and the checks of the start, in a small project of its own. What the project does is to say its version.

interface Run {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'duet-run-'));
  await symlink(resolve('node_modules'), join(folder, 'node_modules'));
  await Promise.all(
    [
      ...['package.json', 'package-lock.json', 'nest-cli.json', 'tsconfig.json', 'tsconfig.build.json', 'tsconfig.nest.json', 'scripts'],
      ...['src/config', 'src/local/errors', 'src/local/server', 'src/local/stores'],
    ].map(async (name) => cp(resolve(name), join(folder, name), { recursive: true })),
  );
  await writeFile(join(folder, 'tsconfig.build.json'), JSON.stringify({ extends: './tsconfig.json', compilerOptions: { rootDir: 'src' } }));
  await writeFile(join(folder, 'tsconfig.nest.json'), JSON.stringify({ extends: './tsconfig.build.json', files: ['src/main.ts'], include: [] }));
});
afterAll(async () => rm(folder, { recursive: true, force: true }));

async function edit(text: string): Promise<void> {
  await mkdir(join(folder, 'src'), { recursive: true });
  await writeFile(join(folder, 'src/main.ts'), text);
}

async function run(options: { environment?: Environment; node?: readonly string[] } = {}): Promise<Run> {
  const { environment = {}, node = [] } = options;
  return new Promise((done) => {
    const env = { PATH: process.env['PATH'], PORT: '0', ...environment };
    execFile(process.execPath, [...node, join(folder, 'scripts/run.mjs'), 'main', 'word'], { cwd: folder, env }, (error, out, err) =>
      done({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });
}

const says = (version: number): string => `process.stdout.write('version ${version} ' + process.argv.slice(2).join());\n`;
/** A version of Node that this process claims to be. */
const pretending = (version: string): string[] => [
  '--import',
  `data:text/javascript,Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`,
];

describe('Running an entry', () => {
  test('builds it first and says so, does not build again while nothing changes, and builds again after an edit', async () => {
    await edit(says(1));
    const first = await run();
    const second = await run();
    await edit(says(2));
    const third = await run();

    expect([first.code, first.err]).toEqual([0, '']);
    expect(first.out).toMatch(/^Building…\nBuilt in [\d.]+ s\nversion 1 word$/);
    expect(second).toEqual({ code: 0, out: 'version 1 word', err: '' });
    expect(third.out).toMatch(/^Building, because a source has changed since the last build…\n[^]*version 2 word$/);
  });

  test('builds again when a source is gone', async () => {
    await writeFile(join(folder, 'src/old.ts'), '');
    await run();
    await rm(join(folder, 'src/old.ts'));

    expect((await run()).out).toMatch(/^Building/);
  });

  test('ends with 1 and runs nothing when the build fails, and tries again the next time', async () => {
    await edit(`${says(3)}const wrong: number = 'text';\nvoid wrong;\n`);

    for (const attempt of [await run(), await run()]) {
      expect(attempt.code).toBe(1);
      expect(attempt.out).not.toContain('version');
      expect(attempt.out + attempt.err).toContain("Type 'string' is not assignable to type 'number'");
      expect(attempt.err).toContain('The build failed');
    }
  });
});

describe('What would keep the service from starting is reported before anything is built', () => {
  async function makeStale(): Promise<void> {
    const later = new Date(Date.now() + 60_000);
    await utimes(join(folder, 'src/main.ts'), later, later);
  }

  test('a port that is in use', async () => {
    await makeStale();
    const holder = createServer();
    await new Promise<void>((listening) => holder.listen(0, listening));
    const { port } = holder.address() as { port: number };
    try {
      expect(await run({ environment: { PORT: String(port) } })).toEqual({
        code: 1,
        out: '',
        err: `Port ${port} is in use: stop what uses it, or set PORT to another\n`,
      });
    } finally {
      holder.close();
    }
  });

  test('bad variables, all of them', async () => {
    await makeStale();

    const { code, out, err } = await run({ environment: { PORT: '99999', RDS_PORT: 'x' } });

    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/^The configuration has 2 problems:\n {2}- PORT must be[^]*RDS_PORT must be/);
  });

  test('a version of Node that is too old, in one line', async () => {
    await makeStale();

    const { code, out, err } = await run({ node: pretending('18.20.8') });

    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(/^Duet needs Node 20\.19\.0 or newer .*, and this is 18\.20\.8: .*\n$/);
  });
});
