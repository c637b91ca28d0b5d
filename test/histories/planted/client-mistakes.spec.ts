import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { clientMistakes } from './client-mistakes.js';
import { type PlantingStage, startPlantingStage } from './stage.js';

// Real: two processes’ worth of the service over one DynamoDB. Planted: one mistake at a time, between clients and service. That there is no fault but these is
// shown by store-mistakes.spec.ts.

let stage: PlantingStage;
beforeAll(async () => {
  stage = await startPlantingStage();
}, 120_000);
afterAll(async () => {
  await stage?.stop();
}, 120_000);

test.each(Object.entries(clientMistakes))(
  '%s is found within two minutes',
  async (_, mistake) => {
    const kinds = await stage.play(mistake, { ms: 120_000 });
    expect(kinds.filter((kind) => mistake.found.includes(kind))).not.toEqual([]);
  },
  240_000,
);
