import { describe, expect, test } from '@jest/globals';
import { probe, ProbeTimeoutError } from './probe.js';

describe('A probe', () => {
  test('brings what the dependency answered, and how long it took', async () => {
    const result = await probe(60_000, async () => 7);

    expect(result).toEqual({ ok: true, value: 7, responseTimeMs: expect.any(Number) });
  });

  test('turns a failure into a finding', async () => {
    const error = new Error('refused');

    const result = await probe(60_000, async () => Promise.reject(error));

    expect(result).toMatchObject({ ok: false, error });
  });

  test('turns what is thrown at once into a finding too', async () => {
    const result = await probe(60_000, () => {
      throw new Error('no such driver');
    });

    expect(result).toMatchObject({ ok: false, error: expect.objectContaining({ message: 'no such driver' }) });
  });

  test('waits no longer than its limit for a dependency that never answers', async () => {
    const result = await probe(20, async () => new Promise<never>(() => {}));

    expect(result).toMatchObject({ ok: false, error: expect.any(ProbeTimeoutError) });
  });
});
