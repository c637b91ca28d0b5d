import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { serviceVersion } from './published-document.js';

test('The service says the version that package.json has', async () => {
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };

  expect(serviceVersion).toBe(version);
});
