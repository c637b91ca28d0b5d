import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { build } from 'esbuild';
import { contractVersion } from '../../client/index.js';

// Real here: the package as npm packs it.

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const read = async (file: string): Promise<any> => JSON.parse(await readFile(join(root, file), 'utf8'));

/** A file of a tar archive: a header with name and size, in octal digits, and the content, both in blocks of 512 bytes (POSIX.1-1988, ustar). */
function fileOf(archive: Buffer, wanted: string): Buffer {
  for (let at = 0; at < archive.length;) {
    const [name = ''] = archive.toString('latin1', at, at + 100).split('\0');
    const size = Number.parseInt(archive.toString('latin1', at + 124, at + 136), 8) || 0;
    if (name === wanted) {
      return archive.subarray(at + 512, at + 512 + size);
    }
    at += 512 + 512 * Math.ceil(size / 512);
  }
  throw new Error(`There is no ${wanted} in the archive`);
}

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
    await writeFile(alone, fileOf(gunzipSync(await readFile(tarball)), 'package/dist/duet.js'));

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
