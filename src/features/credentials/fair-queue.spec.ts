import { describe, expect, test } from '@jest/globals';
import { FairQueue } from './fair-queue.js';

describe('a fair queue', () => {
  const limits = { atOnce: 1, waitingPerKey: 3, waiting: 5, waitMs: 60_000 };
  const refusal = (): Error => new Error('refused');

  /** Work that the test ends. */
  function controlled() {
    const started: string[] = [];
    const ends = new Map<string, () => void>();
    const work = (name: string) => async (): Promise<string> => {
      started.push(name);
      await new Promise<void>((resolve) => ends.set(name, resolve));
      return name;
    };
    const end = async (name: string): Promise<void> => {
      ends.get(name)?.();
      await new Promise(setImmediate);
    };
    return { started, work, end };
  }

  test('serves keys in turn, and the work of each in the order of its calls', async () => {
    const queue = new FairQueue(limits, refusal);
    const { started, work, end } = controlled();

    const results = Promise.all([
      ...['a1', 'a2', 'a3', 'a4'].map(async (name) => queue.run('a', work(name))),
      ...['b1', 'b2'].map(async (name) => queue.run('b', work(name))),
    ]);
    for (const name of ['a1', 'a2', 'b1', 'a3', 'b2', 'a4']) {
      await end(name);
    }

    expect(started).toEqual(['a1', 'a2', 'b1', 'a3', 'b2', 'a4']);
    expect(await results).toEqual(['a1', 'a2', 'a3', 'a4', 'b1', 'b2']);
  });

  test('refuses at once what finds no place: too many of one key, or too many in all', async () => {
    const queue = new FairQueue(limits, refusal);
    const { started, work, end } = controlled();
    const accepted = ['a1', 'a2', 'a3', 'a4'].map(async (name) => queue.run('a', work(name)));

    await expect(queue.run('a', work('a5'))).rejects.toThrow('refused');
    accepted.push(queue.run('b', work('b1')), queue.run('c', work('c1')));
    await expect(queue.run('d', work('d1'))).rejects.toThrow('refused');

    for (const name of ['a1', 'a2', 'b1', 'c1', 'a3', 'a4']) await end(name);
    await Promise.all(accepted);
    expect(started).not.toContain('a5');
    expect(started).not.toContain('d1');
  });

  test('refuses what has waited too long, which then takes up no place', async () => {
    const queue = new FairQueue({ ...limits, waiting: 1, waitMs: 5 }, refusal);
    const { started, work, end } = controlled();
    const first = queue.run('a', work('a1'));

    await expect(queue.run('a', work('a2'))).rejects.toThrow('refused');
    const third = queue.run('a', work('a3'));
    await end('a1');
    await end('a3');

    expect(await Promise.all([first, third])).toEqual(['a1', 'a3']);
    expect(started).toEqual(['a1', 'a3']);
  });

  test('passes errors on and goes on', async () => {
    const queue = new FairQueue(limits, refusal);
    const failed = queue.run('a', async () => Promise.reject(new Error('why')));
    const next = queue.run('a', async () => Promise.resolve('next'));

    await expect(failed).rejects.toThrow('why');
    expect(await next).toBe('next');
  });
});
