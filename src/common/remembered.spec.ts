import { describe, expect, jest, test } from '@jest/globals';
import { remembered } from './remembered.js';

describe('What is remembered', () => {
  test('is made once, also for those who ask at the same time', async () => {
    const make = jest.fn(async () => ({}));
    const get = remembered(make);

    const [first, second] = await Promise.all([get(), get()]);

    expect([second, await get()]).toEqual([first, first]);
    expect(make).toHaveBeenCalledTimes(1);
  });

  test('is made again after a failure', async () => {
    const make = jest.fn<() => Promise<string>>().mockRejectedValueOnce(new Error('not yet')).mockResolvedValue('made');
    const get = remembered(make);

    await expect(get()).rejects.toThrow('not yet');
    expect([await get(), await get()]).toEqual(['made', 'made']);
    expect(make).toHaveBeenCalledTimes(2);
  });
});
