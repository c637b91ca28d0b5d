import { expect, test } from '@jest/globals';
import { plantEach } from './plant-each.js';
import { storeMistakes } from './store-mistakes.js';

// Real: two processes’ worth of the service over one DynamoDB. Planted: one mistake at a time, between service and DynamoDB. Each has to be found by the rules
// of the objects that it breaks, and by no fault but itself: without one there is none.

const stage = plantEach(storeMistakes);

test('Without a mistake every history has an order', async () => {
  expect(await stage().play(undefined, { histories: 3 })).toEqual([]);
}, 120_000);
