import { describe, expect, jest, test } from '@jest/globals';
import type { Log } from '../../platform/observability/log.js';
import { Probe, ProbeTimeoutError } from './probe.js';

const log = { warn: jest.fn(), info: jest.fn() };
const probeOf = <T>(attempt: () => Promise<T>, limitMs = 60_000): Probe<T> => new Probe('dynamodb', limitMs, attempt, log as unknown as Log);

describe('A probe', () => {
  test('brings what the store answered, and how long it took', async () => {
    const result = await probeOf(async () => 7).run();

    expect(result).toEqual({ ok: true, value: 7, responseTimeMs: expect.any(Number) });
  });

  test('turns a failure into a finding', async () => {
    const error = new Error('refused');

    const result = await probeOf(async () => Promise.reject(error)).run();

    expect(result).toMatchObject({ ok: false, error });
  });

  test('turns what is thrown at once into a finding too', async () => {
    const result = await probeOf(() => {
      throw new Error('no such driver');
    }).run();

    expect(result).toMatchObject({ ok: false, error: expect.objectContaining({ message: 'no such driver' }) });
  });

  test('waits no longer than its limit for a store that never answers', async () => {
    const result = await probeOf(async () => new Promise<never>(() => {}), 20).run();

    expect(result).toMatchObject({ ok: false, error: expect.any(ProbeTimeoutError) });
  });

  test('is one try for all who ask at the same time, and another for those who ask later', async () => {
    let tries = 0;
    const probe = probeOf(async () => (tries += 1));

    const together = await Promise.all(Array.from({ length: 200 }, async () => probe.run()));
    const later = await probe.run();

    expect(together.map((result) => result.ok && result.value)).toEqual(Array(200).fill(1));
    expect(later).toMatchObject({ value: 2 });
  });

  test('leaves one line in the log when the store goes down, and one when it comes back', async () => {
    let isSilent = true;
    const probe = probeOf(async () => (isSilent ? new Promise<never>(() => {}) : 7), 5);
    for (const mock of Object.values(log)) mock.mockClear();

    for (let look = 0; look < 3; look += 1) await probe.run();
    isSilent = false;
    for (let look = 0; look < 3; look += 1) await probe.run();

    expect(log.warn.mock.calls).toEqual([['store is down', { store: 'dynamodb', responseTimeMs: expect.any(Number), error: expect.any(ProbeTimeoutError) }]]);
    expect(log.info.mock.calls).toEqual([['store is up again', { store: 'dynamodb', responseTimeMs: expect.any(Number) }]]);
  });
});
