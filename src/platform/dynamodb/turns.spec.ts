import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { currentContext, runInContext } from '../../common/request-context.js';
import { Turns } from './turns.js';

describe('Turns', () => {
  test('go one after the other for one key, in order, and past a failure', async () => {
    const turns = new Turns();
    const seen: string[] = [];
    const work =
      (name: string, fails = false) =>
      async (): Promise<string> => {
        seen.push(`${name} starts`);
        await sleep(5);
        seen.push(`${name} ends`);
        if (fails) throw new Error(name);
        return name;
      };

    const results = await Promise.allSettled([turns.take('k', work('a')), turns.take('k', work('b', true)), turns.take('k', work('c'))]);

    expect(seen).toEqual(['a starts', 'a ends', 'b starts', 'b ends', 'c starts', 'c ends']);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await turns.take('k', async () => 'later')).toBe('later');
  });

  test('overlap for different keys', async () => {
    const turns = new Turns();
    let running = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      running += 1;
      most = Math.max(most, running);
      await sleep(5);
      running -= 1;
    };

    await Promise.all(['a', 'b', 'c'].map(async (key) => turns.take(key, work)));

    expect(most).toBe(3);
  });

  test('run each in the context of its own request', async () => {
    const turns = new Turns();
    const ids = await Promise.all(
      ['one', 'two', 'three'].map(async (requestId) =>
        runInContext({ requestId, deadline: 0, basePath: '' }, async () => turns.take('k', async () => (await sleep(1), currentContext()?.requestId))),
      ),
    );

    expect(ids).toEqual(['one', 'two', 'three']);
  });
});
