import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { catalogue } from './catalogue.js';

describe('The event catalogue', () => {
  test('in the documentation is the one in the code', async () => {
    const page = await readFile(new URL('../../../docs/contract.md', import.meta.url), 'utf8');
    const rows = [...page.matchAll(/^\| `((?:todo|record|user)\.\w+)` +\| (\d+) +\| (.*?) +\|$/gm)].map(([, name, version, description]) => ({
      name,
      version: Number(version),
      description,
    }));

    expect(rows).toEqual(catalogue.map(({ name, version, description }) => ({ name, version, description })));
  });

  test('names each event once', () => {
    expect(new Set(catalogue.map(({ name }) => name)).size).toBe(catalogue.length);
  });
});
