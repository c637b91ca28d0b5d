import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { zipOf } from '../../infra/package/zip.mjs';
import type { Section } from './report.js';

const budget = 1_500_000;
const functions = ['http', 'stream', 'outbox', 'migrate'];
/** V8's code cache, which the budget leaves out. */
const isCodeCache = (file: string) => file.endsWith('.cache');

/** What the zips weigh. */
export async function measurePackages(zips: string): Promise<Section> {
  const figures = await Promise.all(
    functions.map(async (name) => {
      const zip = await readFile(join(zips, `${name}.zip`));
      const code = Object.fromEntries(Object.entries(unzipSync(zip)).filter(([file]) => !isCodeCache(file)));
      return { function: name, zipBytes: zip.length, countedBytes: zipOf(code).length };
    }),
  );
  const largest = Math.max(...figures.map(({ countedBytes }) => countedBytes));
  return {
    name: 'size',
    title: 'Packages, bytes zipped',
    columns: ['function', 'zip', 'without code cache'],
    rows: figures.map((one) => [one.function, one.zipBytes, one.countedBytes].map((cell) => cell.toLocaleString('en-US'))),
    verdicts: [
      {
        measure: 'largest package without code cache',
        budget: `at most ${budget.toLocaleString('en-US')} bytes`,
        measured: largest.toLocaleString('en-US'),
        met: largest <= budget,
      },
    ],
    figures,
  };
}
