import { setTimeout as sleep } from 'node:timers/promises';
import type { World } from './world.js';

/** What happens to a world while clients are at it; each ends itself, or lasts until `over`. */
export type Disturbance = (world: World, random: () => number, over: Promise<unknown>) => Promise<void>;

const lostReplies = 0.05;

export const disturbances: Readonly<Record<string, Disturbance>> = {
  nothing: async () => undefined,
  'slow replies of DynamoDB': async ({ dynamodb }, _, over) => {
    dynamodb.delay(10);
    await over;
  },
  'lost replies of the stores': async ({ dynamodb, postgres }, random, over) => {
    dynamodb.dropReplies(lostReplies, Math.floor(random() * 1e9));
    postgres.dropReplies(lostReplies, Math.floor(random() * 1e9));
    await over;
  },
  'lost replies of the service': async ({ doors }, random, over) => {
    doors.forEach((door) => door.dropReplies(lostReplies, Math.floor(random() * 1e9)));
    await over;
  },
  'connections that break': async ({ dynamodb, postgres }, random, over) => {
    let isOver = false;
    void over.then(() => (isOver = true));
    while (!isOver) {
      dynamodb.resetAll();
      postgres.resetAll();
      await sleep(100 + random() * 200);
    }
  },
  'half-open connections': async ({ dynamodb, postgres, doors }, random) => {
    await sleep(random() * 500);
    doors.forEach((door) => door.resetAll());
    dynamodb.blackHole('open');
    postgres.blackHole('open');
  },
  'stores that go silent': async ({ dynamodb, postgres, calmDown }, random) => {
    await sleep(random() * 500);
    dynamodb.blackHole('all');
    postgres.blackHole('all');
    await sleep(random() * 500);
    await calmDown();
  },
  'DynamoDB out of reach': async ({ dynamodb }, random) => {
    await sleep(random() * 500);
    await dynamodb.cut();
    await sleep(random() * 500);
  },
  'PostgreSQL out of reach': async ({ postgres }, random) => {
    await sleep(random() * 500);
    await postgres.cut();
    await sleep(random() * 500);
  },
  'SIGKILL of the service': async (world, random) => {
    await sleep(random() * 1_000);
    await world.killAndRestart();
  },
  'SIGKILL of DynamoDB': async ({ stores }, random) => {
    await sleep(random() * 1_000);
    await stores.dynamodb.killAndRestart();
  },
  'SIGKILL of PostgreSQL': async ({ stores }, random) => {
    await sleep(random() * 1_000);
    await stores.postgres.killAndRestart();
  },
};
