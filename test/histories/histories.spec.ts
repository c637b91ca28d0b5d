import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { randomFrom } from '../support/faults/fault-proxy.js';
import { draw } from './judging/drawing.js';
import { judge } from './judging/linearizability.js';
import { minimal } from './judging/minimal.js';
import { disturbances } from './playing/disturbances.js';
import { makeGroups } from './playing/groups.js';
import { Tally } from './playing/tally.js';
import { type Histories, type Judgement, judgeHistories, modelOf, play } from './playing/workload.js';
import { startWorld, type World } from './playing/world.js';

// Real: the built service as two processes over stores of its own, with proxies between all of them that cut, delay, lose replies and go silent; SIGKILL of
// each. Seen failing: test/histories/planted.

const seed = Number(process.env['DUET_HISTORIES_SEED'] ?? 20_261_126);
/** As many as fit, or one round of each disturbance where no time is given. */
const minutes = Number(process.env['DUET_HISTORIES_MINUTES'] ?? 0);
const folder = process.env['DUET_HISTORIES_OUT'];
const replayed = process.env['DUET_HISTORIES_REPLAY'];

/** How many worlds there are at once, so that one works while the other waits for what its disturbance has broken; and how many histories in each. */
const [worldsAtOnce, atOnce] = minutes === 0 ? [1, 4] : [2, 16];
/** More than a round plays histories. */
const seedsPerRound = 1_000;
const clients = 10;
const requestsPerClient = 4;

/** What is written of an object whose operations no order explains: the history, and as a picture. */
async function report(seed: number, { start }: Histories, { object, operations }: Judgement): Promise<string> {
  const model = modelOf(object, start);
  const smallest = minimal(model, operations);
  const picture = draw(`${object}, seed ${seed}`, smallest, judge(model, smallest).unexplained);
  const text = JSON.stringify({ seed, start, operations: smallest }, (_, value: unknown) => (value === Infinity ? 'never' : value), 1);
  if (folder === undefined) {
    return text;
  }
  await mkdir(folder, { recursive: true });
  const name = join(folder, `${seed}-${object.replaceAll(/[^\w-]+/g, '-')}`);
  await Promise.all([writeFile(`${name}.json`, text), writeFile(`${name}.svg`, picture)]);
  return `${name}.json and .svg`;
}

/** Each disturbance once, in an order of its own, over a world of its own; gives what no order explains. */
async function playRound(first: number, tally: Tally, until: number): Promise<string[]> {
  const violations: string[] = [];
  const random = randomFrom(first);
  const world = await startWorld();
  try {
    let next = first;
    for (const name of Object.keys(disturbances).sort(() => random() - 0.5)) {
      if (minutes > 0 && performance.now() > until) {
        break;
      }
      const startedAt = performance.now();
      const seeds = Array.from({ length: atOnce }, () => next++);
      const histories = await playDisturbed(world, name, seeds, random);
      const judged = judgeHistories(histories);
      tally.add(name, atOnce, histories, judged, (performance.now() - startedAt) / 1_000);
      for (const judgement of judged.filter(({ verdict }) => verdict === 'violation')) {
        violations.push(`${judgement.object} with ${name}: ${await report(seeds[0] ?? first, histories, judgement)}`);
      }
    }
  } finally {
    await world.stop();
  }
  return violations;
}

async function playDisturbed(world: World, name: string, seeds: readonly number[], random: () => number): Promise<Histories> {
  const groups = await makeGroups(world.config, world, seeds);
  const disturb = async (over: Promise<void>): Promise<void> => {
    await disturbances[name]?.(world, random, over);
    await world.calmDown();
  };
  return play(world.send, world.calm, { groups, clients, requestsPerClient, disturb });
}

if (replayed === undefined) {
  test(
    `Every history of concurrent clients under faults has an order that explains it (seed ${seed})`,
    async () => {
      const startedAt = performance.now();
      const until = startedAt + minutes * 60_000;
      const tally = new Tally();
      const violations: string[] = [];
      let next = seed;
      const playRounds = async (): Promise<void> => {
        do {
          const first = next;
          next += seedsPerRound;
          violations.push(...(await playRound(first, tally, until)));
          if (minutes > 0) {
            const { histories, operations } = tally.total;
            process.stdout.write(
              `${Math.round((performance.now() - startedAt) / 1_000)} s: ${operations} operations in ${histories} histories, ${violations.length} violations\n`,
            );
          }
        } while (performance.now() < until);
      };
      const rounds = await Promise.allSettled(Array.from({ length: worldsAtOnce }, playRounds));
      // Also of a run that a fault has ended.
      process.stdout.write(tally.report(seed, (performance.now() - startedAt) / 1_000));
      expect(rounds.flatMap((round) => (round.status === 'rejected' ? [round.reason as unknown] : []))).toEqual([]);
      const { operations, objects, inconclusive, unknown, histories } = tally.total;
      expect(violations).toEqual([]);
      expect(inconclusive).toBeLessThan(objects / 100);
      // Without both, nothing was tried.
      expect(unknown).toBeGreaterThan(0);
      expect(operations).toBeGreaterThan(histories * 30);
    },
    minutes * 60_000 + 600_000,
  );
} else {
  test('The history that was written fails again', async () => {
    const { start, operations } = JSON.parse(await readFile(replayed, 'utf8'), (key, value: unknown) =>
      key === 'answered' && value === 'never' ? Infinity : value,
    ) as Histories;
    expect(judgeHistories({ start, operations }).filter(({ verdict }) => verdict !== 'linearizable')).toEqual([]);
  });
}
