import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { median } from '../bench/statistics.js';
import type { Finding } from './invariants.js';

const run = promisify(execFile);

/** Resident memory of a process at a moment. */
export interface MemorySample {
  readonly atMs: number;
  readonly mib: number;
}

/** What a process has resident, in MiB. */
export async function residentMib(pid: number): Promise<number> {
  try {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      throw error;
    }
    // No /proc here, as on macOS.
    const { stdout } = await run('ps', ['-o', 'rss=', '-p', String(pid)]);
    return Number(stdout) / 1024;
  }
}

/** Looks at a process each second. */
export function watchMemory(pid: number): { readonly samples: readonly MemorySample[]; stop(): void } {
  const startedAt = performance.now();
  const samples: MemorySample[] = [];
  const timer = setInterval(() => {
    const atMs = performance.now() - startedAt;
    // A process that has ended has no memory; that it has ended shows in its requests.
    residentMib(pid).then(
      (mib) => samples.push({ atMs, mib }),
      () => undefined,
    );
  }, 1_000);
  return { samples, stop: () => clearInterval(timer) };
}

/** Fewer samples cannot distinguish a start from a leak: the heap still grows to what the traffic needs. */
const enoughSamples = 40;
/** What the last quarter may have more than the second: a collection that is due moves a Node process by this much. */
const allowedGrowth = 1.15;
const allowedGrowthMib = 16;

/** Whether memory stays where the first quarter brought it; null when there are too few samples to tell. */
export function assertFlatMemory(samples: readonly MemorySample[]): Finding | null {
  if (samples.length < enoughSamples) {
    return null;
  }
  const quarter = (nth: number): number =>
    median(samples.slice(Math.floor((nth * samples.length) / 4), Math.floor(((nth + 1) * samples.length) / 4)).map(({ mib }) => mib));
  const [early, late] = [quarter(1), quarter(3)];
  return {
    invariant: 'Resident memory is flat',
    extent: `${early.toFixed(0)} to ${late.toFixed(0)} MiB`,
    violations:
      late <= early * allowedGrowth + allowedGrowthMib
        ? []
        : [`the median of the second quarter was ${early.toFixed(0)} MiB and that of the last ${late.toFixed(0)} MiB: more than 15 % and 16 MiB above`],
  };
}
