import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { storeMistakes } from './store-mistakes.js';
import { type PlantingStage, startPlantingStage } from './stage.js';

// Real: two processes’ worth of the service over one DynamoDB. Planted: one mistake at a time, between service and DynamoDB. Each has to be found by the rules
// of the objects that it breaks, and by no fault but itself: without one there is none.

let stage: PlantingStage;
beforeAll(async () => {
  stage = await startPlantingStage();
}, 120_000);
afterAll(async () => {
  await stage?.stop();
}, 120_000);

test('Without a mistake every history has an order', async () => {
  expect(await stage.play(undefined, { histories: 3 })).toEqual([]);
}, 120_000);

test.each(Object.entries(storeMistakes))(
  '%s is found within two minutes',
  async (_, mistake) => {
    const kinds = await stage.play(mistake, { ms: 120_000 });
    expect(kinds.filter((kind) => mistake.found.includes(kind))).not.toEqual([]);
  },
  240_000,
);
