import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { randomFrom } from '../support/faults/fault-proxy.js';
import { type FaultyService, startFaultyService } from '../support/faults/faulty-service.js';
import type { SignedUp } from '../support/service.js';
import { draw } from './drawing.js';
import { judge } from './linearizability.js';
import { minimal } from './minimal.js';
import { type History, type Judgement, judgeHistory, modelOf, play } from './workload.js';

// Real: the built service as two processes over its stores, with proxies between all of them that cut, delay, lose replies and go silent; SIGKILL.
// Seen failing: test/histories/planted-mistakes.spec.ts.

const seed = Number(process.env['DUET_HISTORIES_SEED'] ?? 20_261_126);
/** As many histories as fit, or a few where no time is given. */
const minutes = Number(process.env['DUET_HISTORIES_MINUTES'] ?? 0);
const historiesWithoutTime = 16;
const folder = process.env['DUET_HISTORIES_OUT'];
const replayed = process.env['DUET_HISTORIES_REPLAY'];

let service: FaultyService;
let users: SignedUp[];
beforeAll(async () => {
  service = await startFaultyService({ STORE_TIMEOUT_MS: '8000' }, 2);
  users = await Promise.all([service.signUp(), service.signUp(), service.signUp()]);
}, 120_000);
afterAll(async () => service.stop());

/** What happens while the clients are at it; each ends itself. */
const disturbances: Readonly<Record<string, (random: () => number, over: Promise<unknown>) => Promise<void>>> = {
  nothing: async () => undefined,
  'slow replies of DynamoDB': async (_, over) => {
    service.dynamodb.delay(20);
    await over;
  },
  'lost replies of DynamoDB': async (random, over) => {
    service.dynamodb.dropReplies(0.05, Math.floor(random() * 1e9));
    await over;
  },
  'lost replies of the service': async (random, over) => {
    service.doors.forEach((door) => door.dropReplies(0.1, Math.floor(random() * 1e9)));
    await over;
  },
  'connections that break': async (random, over) => {
    let isOver = false;
    void over.then(() => (isOver = true));
    while (!isOver) {
      service.dynamodb.resetAll();
      service.postgres.resetAll();
      await sleep(20 + random() * 60);
    }
  },
  'DynamoDB out of reach for a while': async (random) => {
    await sleep(random() * 50);
    await service.dynamodb.cut();
    await sleep(random() * 300);
    await service.dynamodb.restore();
  },
  'connections that go silent': async (random, over) => {
    await sleep(random() * 50);
    service.doors.forEach((door) => door.resetAll());
    service.postgres.blackHole('open');
    await over;
  },
  'SIGKILL and a new start': async (random) => {
    await sleep(random() * 150);
    await service.kill();
    await service.restart();
  },
};

/** Asks again while a fault's last connections fail. */
const patient: FaultyService['knock'] = async (...request) => {
  for (let attempt = 0; ; attempt += 1) {
    const answer = await service.knock(...request);
    if ((answer !== null && answer.status < 500) || attempt === 50) {
      return answer;
    }
    await sleep(100);
  }
};

async function playDisturbed(history: number): Promise<{ history: History; disturbance: string }> {
  const random = randomFrom(seed + history);
  const names = Object.keys(disturbances);
  const disturbance = names[Math.floor(random() * names.length)] ?? 'nothing';
  const disturb = async (over: Promise<void>): Promise<void> => {
    await disturbances[disturbance]?.(random, over);
    await Promise.all([service.dynamodb.restore(), service.postgres.restore(), ...service.doors.map(async (door) => door.restore())]);
  };
  const played = await play(service.knock, patient, { seed: seed + history, users, clients: 10, requestsPerClient: 8, disturb });
  return { history: played, disturbance };
}

/** What is written of an object whose operations no order explains: the history, and as a picture. */
async function report(number: number, { start }: History, { object, operations }: Judgement): Promise<string> {
  const model = modelOf(object, start);
  const smallest = minimal(model, operations);
  const picture = draw(`${object}, seed ${seed + number}`, smallest, judge(model, smallest).unexplained);
  const text = JSON.stringify({ seed: seed + number, start, operations: smallest }, (_, value: unknown) => (value === Infinity ? 'never' : value), 1);
  if (folder === undefined) {
    return text;
  }
  await mkdir(folder, { recursive: true });
  const name = join(folder, `${seed + number}-${object.split(' ')[0]}`);
  await Promise.all([writeFile(`${name}.json`, text), writeFile(`${name}.svg`, picture)]);
  return `${name}.json and .svg`;
}

if (replayed === undefined) {
  test(
    `Every history of concurrent clients under faults has an order that explains it (seed ${seed})`,
    async () => {
      const until = performance.now() + minutes * 60_000;
      const totals = { histories: 0, operations: 0, objects: 0, unknown: 0, inconclusive: 0 };
      const violations: string[] = [];
      for (let number = 0; minutes === 0 ? number < historiesWithoutTime : performance.now() < until; number += 1) {
        const { history, disturbance } = await playDisturbed(number);
        const judged = judgeHistory(history);
        totals.histories += 1;
        totals.operations += history.operations.length;
        totals.unknown += history.operations.filter(({ output }) => output === undefined).length;
        totals.objects += judged.length;
        totals.inconclusive += judged.filter(({ verdict }) => verdict === 'inconclusive').length;
        for (const judgement of judged.filter(({ verdict }) => verdict === 'violation')) {
          violations.push(`${judgement.object} with ${disturbance}: ${await report(number, history, judgement)}`);
        }
      }
      process.stdout.write(`Histories: ${JSON.stringify(totals)}\n`);
      expect(violations).toEqual([]);
      expect(totals.inconclusive).toBeLessThanOrEqual(totals.objects / 100);
      // Without both, nothing was tried.
      expect(totals.unknown).toBeGreaterThan(0);
      expect(totals.operations).toBeGreaterThan(totals.histories * 50);
    },
    minutes * 60_000 + 300_000,
  );
} else {
  test('The history that was written fails again', async () => {
    const { start, operations } = JSON.parse(await readFile(replayed, 'utf8'), (key, value: unknown) =>
      key === 'answered' && value === 'never' ? Infinity : value,
    ) as History;
    expect(judgeHistory({ seed, start, operations }).filter(({ verdict }) => verdict !== 'linearizable')).toEqual([]);
  });
}
