import { describe, expect, test } from '@jest/globals';
import { StoreWatch } from './store-watch.js';

describe('A store', () => {
  function watched() {
    const clock = { now: 0 };
    const said: string[] = [];
    let asked = 0;
    const watch = new StoreWatch(
      1_000,
      () => said.push('failing'),
      () => said.push('recovered'),
      () => clock.now,
    );
    const ask = async (answers: boolean): Promise<unknown> =>
      watch.ask(async () => {
        asked += 1;
        return answers ? 'answer' : Promise.reject(new Error('no answer'));
      });
    return { clock, said, watch, ask, asked: () => asked };
  }

  test('that fails for less than a second is asked every time', async () => {
    const { clock, ask, asked } = watched();
    for (clock.now = 0; clock.now < 1_000; clock.now += 100) {
      expect(await ask(false)).toBeNull();
    }
    expect(asked()).toBe(10);
  });

  test('that answers now and then is slow, not down', async () => {
    const { clock, ask, asked } = watched();
    for (let turn = 0; turn < 50; turn += 1) {
      clock.now += 100;
      await ask(turn % 5 === 0);
    }
    expect(asked()).toBe(50);
  });

  test('that answers late is not waited for, and is not down', async () => {
    const { clock, said, watch } = watched();
    let answer: (value: string) => void = () => {};
    const late = watch.ask(async () => new Promise<string>((resolve) => (answer = resolve)));

    expect(await late).toBeNull();
    clock.now += 5_000;
    answer('late');
    await new Promise(setImmediate);

    expect(said).toEqual(['failing', 'recovered']);
    expect(await watch.ask(async () => Promise.resolve('next'))).toBe('next');
  });

  test('that has not answered for a second is asked once a second, and used again when it answers', async () => {
    const { clock, said, ask, asked } = watched();
    for (let turn = 0; turn < 40; turn += 1) {
      await ask(false);
      clock.now += 100;
    }
    // Ten in the first second, then one in each of three.
    expect(asked()).toBe(13);

    clock.now += 1_000;
    expect([await ask(true), await ask(true)]).toEqual(['answer', 'answer']);
    expect(said).toEqual(['failing', 'recovered']);
  });
});
