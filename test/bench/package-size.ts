import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
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
      const codeCache = packedSizes(zip).reduce((sum, { file, bytes }) => sum + (isCodeCache(file) ? bytes : 0), 0);
      return { function: name, zipBytes: zip.length, codeCacheBytes: codeCache, countedBytes: zip.length - codeCache };
    }),
  );
  const largest = Math.max(...figures.map(({ countedBytes }) => countedBytes));
  return {
    name: 'size',
    title: 'Packages, bytes zipped',
    columns: ['function', 'zip', 'of it code cache', 'without'],
    rows: figures.map((one) => [one.function, one.zipBytes, one.codeCacheBytes, one.countedBytes].map((cell) => cell.toLocaleString('en-US'))),
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

// The central directory's entries: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, section 4.3.12.
function packedSizes(zip: Buffer): { file: string; bytes: number }[] {
  const entries: { file: string; bytes: number }[] = [];
  const end = zip.lastIndexOf('PK\x05\x06', undefined, 'latin1');
  for (let at = zip.readUInt32LE(end + 16); zip.readUInt32LE(at) === 0x0201_4b50;) {
    const [bytes, nameLength, extraLength, commentLength] = [
      zip.readUInt32LE(at + 20),
      zip.readUInt16LE(at + 28),
      zip.readUInt16LE(at + 30),
      zip.readUInt16LE(at + 32),
    ];
    entries.push({ file: zip.toString('utf8', at + 46, at + 46 + nameLength), bytes });
    at += 46 + nameLength + extraLength + commentLength;
  }
  return entries;
}
