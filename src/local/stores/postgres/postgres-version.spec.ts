import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { postgresMajorVersion } from './embedded-postgres.js';

// Seen failing: with "17" in Terraform's default.

test('The laptop, the tests and RDS have the same major version of PostgreSQL', async () => {
  const root = new URL('../../../..', import.meta.url).pathname;
  const { devDependencies, dependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Record<string, Record<string, string>>;
  const embedded = { ...devDependencies, ...dependencies }['embedded-postgres'] ?? '';
  const files = (await readdir(join(root, 'infra'), { recursive: true })).filter((file) => file.endsWith('.tf') && !file.includes('.terraform/'));
  const texts = await Promise.all(files.map(async (file) => readFile(join(root, 'infra', file), 'utf8')));
  const inTerraform = texts.flatMap((text) => [...text.matchAll(/\bengine_version\s*=\s*(?:optional\(string,\s*)?"(\d+)/g)].map(([, major]) => major));

  expect(embedded.split('.')[0]).toBe(postgresMajorVersion);
  expect([...new Set(inTerraform)]).toEqual([postgresMajorVersion]);
});
