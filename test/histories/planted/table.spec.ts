import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { clientMistakes } from './client-mistakes.js';
import type { Mistake } from './stage.js';
import { storeMistakes } from './store-mistakes.js';

test('The table of planted mistakes names each of them, where it is made and the rules that find it', async () => {
  const rowsOf = (mistakes: Readonly<Record<string, Mistake>>, where: string): string[][] =>
    Object.entries(mistakes).map(([name, { found }]) => [name, where, found.join(', ')]);

  // Other tables come behind other headings.
  const [first = ''] = (await readFile('docs/histories.md', 'utf8')).split('\n## ');
  const lines = first.split('\n').filter((line) => line.startsWith('| ') && !/^\| (mistake|--)/.test(line));
  const table = lines.map((line) => line.split('|').map((cell) => cell.trim())).map(([, name, where, found]) => [name, where, found]);

  expect(table).toEqual([...rowsOf(storeMistakes, 'DynamoDB'), ...rowsOf(clientMistakes, 'client')]);
});
