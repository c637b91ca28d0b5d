import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, jest, test } from '@jest/globals';
import { backoffMs, KeyedMutex, memoize, Semaphore, withTimeout } from './async.js';
import { currentContext, runInContext } from './http/request-context.js';

const never = new Promise<never>(() => undefined);

/** Work that notes when it starts and ends, and how many ran at once. */
class Observed {
  readonly seen: string[] = [];
  maxRunning = 0;
  private running = 0;

  work(name: string, { fails = false } = {}): () => Promise<string> {
    return async () => {
      this.seen.push(`${name} starts`);
      this.maxRunning = Math.max(this.maxRunning, (this.running += 1));
      await sleep(2);
      this.running -= 1;
      this.seen.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    };
  }
}

describe('withTimeout', () => {
  test('gives the result or the error of work that is in time', async () => {
    const onTimeout = jest.fn(() => 'late');

    expect(await withTimeout(60_000, async () => 'done', onTimeout)).toBe('done');
    await expect(withTimeout(60_000, async () => Promise.reject(new Error('failed')), onTimeout)).rejects.toThrow('failed');
    expect(onTimeout).not.toHaveBeenCalled();
  });

  test('gives what onTimeout returns or throws when work is late', async () => {
    expect(
      await withTimeout(
        1,
        async () => never,
        () => 'late',
      ),
    ).toBe('late');
    await expect(
      withTimeout(
        1,
        async () => never,
        () => {
          throw new Error('too late');
        },
      ),
    ).rejects.toThrow('too late');
  });

  test('ignores an error of work that was late', async () => {
    let fail: (error: Error) => void = () => undefined;
    const work = async (): Promise<string> => new Promise((_, reject) => (fail = reject));
    expect(await withTimeout(1, work, () => 'late')).toBe('late');

    // An unhandled rejection would fail this test.
    fail(new Error('much later'));
    await nextTurn();
  });

  test('leaves no timer behind, also when work throws before its first wait', async () => {
    const clear = jest.spyOn(globalThis, 'clearTimeout');
    const work = (): Promise<string> => {
      throw new Error('at once');
    };

    await expect(withTimeout(60_000, work, () => 'late')).rejects.toThrow('at once');

    expect(clear).toHaveBeenCalledTimes(1);
    clear.mockRestore();
  });
});

describe('backoffMs', () => {
  test.each([
    { attempt: 0, span: 10 },
    { attempt: 3, span: 80 },
    { attempt: 5, span: 250 },
    { attempt: 5_000, span: 250 },
  ])('is a random part of $span ms after attempt $attempt', ({ attempt, span }) => {
    const random = jest.spyOn(Math, 'random');
    for (const part of [0, 0.5, 0.999]) {
      random.mockReturnValue(part);
      expect(backoffMs(attempt, { baseMs: 10, maxMs: 250 })).toBe(part * span);
    }
    random.mockRestore();
  });
});

describe('memoize', () => {
  test('makes once, also for calls at the same time', async () => {
    const make = jest.fn(async () => ({}));
    const get = memoize(make);

    const [first, second] = await Promise.all([get(), get()]);

    expect([second, await get()]).toEqual([first, first]);
    expect(make).toHaveBeenCalledTimes(1);
  });

  test('makes again after a failure', async () => {
    const make = jest.fn<() => Promise<string>>().mockRejectedValueOnce(new Error('not yet')).mockResolvedValue('made');
    const get = memoize(make);

    await expect(get()).rejects.toThrow('not yet');
    expect([await get(), await get()]).toEqual(['made', 'made']);
    expect(make).toHaveBeenCalledTimes(2);
  });
});

describe('KeyedMutex', () => {
  test('runs work on one key in order, one at a time, and past a failure', async () => {
    const mutex = new KeyedMutex();
    const observed = new Observed();
    const names = ['a', 'b', 'c'];

    const results = await Promise.allSettled(names.map(async (name) => mutex.run('k', observed.work(name, { fails: name === 'b' }))));

    expect(observed.seen).toEqual(['a starts', 'a ends', 'b starts', 'b ends', 'c starts', 'c ends']);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(await mutex.run('k', async () => 'later')).toBe('later');
  });

  test('lets work on different keys overlap', async () => {
    const mutex = new KeyedMutex();
    const observed = new Observed();

    await Promise.all(['a', 'b', 'c'].map(async (key) => mutex.run(key, observed.work(key))));

    expect(observed.maxRunning).toBe(3);
  });

  test('runs each piece of work in the context of its own request', async () => {
    const mutex = new KeyedMutex();

    const ids = await Promise.all(
      ['one', 'two', 'three'].map(async (requestId) =>
        runInContext({ requestId, deadline: 0, basePath: '' }, async () => mutex.run('k', async () => (await sleep(1), currentContext()?.requestId))),
      ),
    );

    expect(ids).toEqual(['one', 'two', 'three']);
  });
});

describe('Semaphore', () => {
  test('runs so many at once, in order, and passes on results and errors', async () => {
    const semaphore = new Semaphore(2);
    const observed = new Observed();
    const names = ['a', 'b', 'c', 'd', 'e'];

    const results = await Promise.allSettled(names.map(async (name) => semaphore.run(observed.work(name, { fails: name === 'c' }))));

    expect(observed.maxRunning).toBe(2);
    expect(observed.seen.filter((line) => line.endsWith('starts'))).toEqual(names.map((name) => `${name} starts`));
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
  });
});
