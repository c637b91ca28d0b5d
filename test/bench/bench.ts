import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundlePeer, installStockNest, packageService } from './artefacts.js';
import { measureColdStarts } from './cold.js';
import { setStage } from './stage.js';

const { values: options } = parseArgs({ options: { quick: { type: 'boolean', default: false }, rounds: { type: 'string' } } });
const onProgress = (line: string) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);

const folder = await mkdtemp(join(tmpdir(), 'duet-bench-'));
try {
  onProgress('packaging');
  const duet = await packageService(folder);
  const handwritten = await bundlePeer('handwritten', join(folder, 'handwritten'));
  const stage = await setStage(duet, onProgress);
  try {
    const results = await measureColdStarts(
      stage,
      { duet: duet.http, handwritten, 'stock-nest': await installStockNest() },
      { rounds: Number(options.rounds ?? (options.quick ? 5 : 20)), onProgress },
    );
    for (const { route, contestant, start, invocation, total, duetBy } of results) {
      const f = (x: number) => x.toFixed(1).padStart(7);
      console.log(
        route.padEnd(16),
        contestant.padEnd(12),
        f(start.value),
        f(invocation.value),
        f(total.value),
        duetBy.value.toFixed(3),
        duetBy.low.toFixed(3),
        duetBy.high.toFixed(3),
      );
    }
  } finally {
    await stage.stop();
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
