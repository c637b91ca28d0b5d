import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { contractVersion } from '../../client/index.js';

// Real here: the package as npm packs it.

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const read = async (file: string): Promise<any> => JSON.parse(await readFile(join(root, file), 'utf8'));

describe('The packed client', () => {
  let folder: string;
  let tarball: string;
  let files: string[];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'duet-package-'));
    // Its own prepack builds it; npm test, by the .npmrc above, would have none run.
    const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts=false', '--pack-destination', folder], { cwd: join(root, 'client') });
    const [packed] = JSON.parse(stdout.slice(stdout.indexOf('[\n'))) as { filename: string; files: { path: string }[] }[];
    tarball = join(folder, packed?.filename ?? '');
    files = packed?.files.map(({ path }) => path) ?? [];
  });
  afterAll(async () => rm(folder, { recursive: true, force: true }));

  test('has the library, its types, the command line and the licence, and nothing else', () => {
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'package.json', 'dist/index.js', 'dist/index.d.ts', 'dist/duet.js']));
    expect(files.filter((file) => !/^(LICENSE|README\.md|package\.json|dist\/([\w-]+\/)*[\w-]+\.(js|d\.ts)|dist\/duet\.js\.LEGAL\.txt)$/.test(file))).toEqual(
      [],
    );
  });

  test.each([
    ['publint', ['run', '--strict', '--pack', 'false']],
    ['attw', ['--profile', 'esm-only', '--no-emoji', '--no-color']],
  ])('is clean by %s', async (tool, options) => {
    const result = await run(join(root, 'node_modules/.bin', tool), tool === 'attw' ? [tarball, ...options] : [...options, tarball]).catch(
      (error: { stdout?: string; stderr?: string }) => `${error.stdout ?? ''}${error.stderr ?? ''}`,
    );

    expect(typeof result === 'string' ? result : 'clean').toBe('clean');
  });

  test('runs its command line without any other package', async () => {
    const alone = join(folder, 'duet.mjs');
    await copyFile(join(root, 'client/dist/duet.js'), alone);

    const { stdout } = await run(process.execPath, [alone, '--version'], { cwd: folder });

    expect(stdout).toBe(`${contractVersion}\n`);
  });
});

test.each([
  ['index', 6_000],
  ['mirror/index', 7_000],
  ['mirror/indexed-db', 7_000],
])('%s is at most %d bytes gzipped, without the packages that it needs', async (entry, bytes) => {
  const { outputFiles, metafile } = await build({
    entryPoints: [join(root, `client/${entry}.ts`)],
    absWorkingDir: root,
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
    metafile: true,
    external: ['openapi-fetch', 'idb'],
  });

  expect(gzipSync(outputFiles[0]?.contents ?? '').length).toBeLessThanOrEqual(bytes);
  // Who has no mirror carries none.
  expect(Object.keys(metafile.inputs).some((input) => input.startsWith('client/mirror/'))).toBe(entry !== 'index');
});

test('The package is of the contract’s version; its library needs openapi-fetch, and where mirrors are kept in IndexedDB, idb', async () => {
  const [contract, published, project] = [await read('openapi.json'), await read('client/package.json'), await read('package.json')];

  expect([contract.info.version, published.version]).toEqual([contractVersion, contractVersion]);
  expect(published.dependencies).toEqual({ idb: project.devDependencies.idb, 'openapi-fetch': project.devDependencies['openapi-fetch'] });
  const files = await readdir(join(root, 'client'), { recursive: true });
  const sources = files.filter((file) => file.endsWith('.ts') && !/^(cli\.ts|(cli|dist|node_modules)\/)/.test(file));
  const imports = await Promise.all(
    sources.map(async (file) => [...(await readFile(join(root, 'client', file), 'utf8')).matchAll(/from '([^'.][^']*)'/g)].map(([, name]) => ({ file, name }))),
  );
  const packages = imports.flat().filter(({ name }) => name !== 'duet-client');
  expect(new Set(packages.filter(({ file }) => file !== 'mirror/indexed-db.ts').map(({ name }) => name))).toEqual(new Set(['openapi-fetch']));
  expect(packages.filter(({ file }) => file === 'mirror/indexed-db.ts').map(({ name }) => name)).toEqual(['idb']);
});
