import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Mistake, type PlantingStage, startPlantingStage } from './stage.js';

/** One test a mistake, in which the rules of an object that it breaks find it. Gives the stage, for tests beside them. */
export function plantEach(mistakes: Readonly<Record<string, Mistake>>): () => PlantingStage {
  let stage: PlantingStage;
  beforeAll(async () => {
    stage = await startPlantingStage();
  }, 120_000);
  afterAll(async () => {
    await stage?.stop();
  }, 120_000);

  test.each(Object.entries(mistakes))(
    '%s is found within two minutes',
    async (_, mistake) => {
      const kinds = await stage.play(mistake, { ms: 120_000 });
      expect(kinds.filter((kind) => mistake.found.includes(kind))).not.toEqual([]);
    },
    240_000,
  );
  return () => stage;
}
