import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { missingProgram } from './embedded-dynamodb.js';

interface LockEntry {
  readonly version: string;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly optional?: boolean;
}

const platforms = ['darwin-arm64', 'darwin-x64', 'linux-arm64', 'linux-x64', 'win32-x64'];

// npm writes lock entries only for packages that it finds in the registry; those that are published later are written by hand, and an `npm install` could lose them.
test('The lock file has the embedded DynamoDB of every platform, in the version that package.json pins', async () => {
  const read = async (file: string): Promise<any> => JSON.parse(await readFile(file, 'utf8'));
  const [{ optionalDependencies }, { packages }] = [await read('package.json'), await read('package-lock.json')];

  for (const platform of platforms) {
    const name = `@dynoxide/${platform}`;
    const [os, cpu] = platform.split('-');
    const entry = packages[`node_modules/${name}`] as LockEntry;
    expect(entry).toMatchObject({ version: optionalDependencies[name], os: [os], cpu: [cpu], optional: true });
    expect(packages[''].optionalDependencies[name]).toBe(optionalDependencies[name]);
  }
  expect(new Set(platforms.map((platform) => optionalDependencies[`@dynoxide/${platform}`])).size).toBe(1);
});

test('Without a package for the machine, one line says what works there; nothing that the next npm ci removes', () => {
  const [withJava, without] = [missingProgram('freebsd-x64', true), missingProgram('freebsd-x64', false)];

  expect(withJava).toMatch(
    /^No embedded DynamoDB is installed for this machine \(freebsd-x64\): .*"npm run dynamodb-local".*DYNAMODB_ENDPOINT=http:\/\/127\.0\.0\.1:8000$/,
  );
  expect(without).toMatch(/set DYNAMODB_ENDPOINT to a DynamoDB-compatible server of your own/);
  for (const line of [withJava, without]) {
    expect(line).not.toMatch(/npm (install|i) |\n/);
  }
});
