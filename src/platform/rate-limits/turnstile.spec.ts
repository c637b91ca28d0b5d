import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { Turnstile } from './turnstile.js';

describe('a turnstile', () => {
  it('lets so many through at once, in order, and passes results and errors on', async () => {
    const turnstile = new Turnstile(2);
    const order: number[] = [];
    let inside = 0;
    let most = 0;

    const results = await Promise.allSettled(
      Array.from({ length: 7 }, async (_, turn) =>
        turnstile.pass(async () => {
          order.push(turn);
          most = Math.max(most, (inside += 1));
          await sleep(2);
          inside -= 1;
          if (turn === 3) throw new Error('three');
          return turn;
        }),
      ),
    );

    expect(most).toBe(2);
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(results.map((result) => (result.status === 'fulfilled' ? result.value : (result.reason as Error).message))).toEqual([0, 1, 2, 'three', 4, 5, 6]);
  });
});
