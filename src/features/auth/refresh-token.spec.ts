import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { type Family, familyLifetimeMs, graceMs, judge, RefreshToken } from './refresh-token.js';

describe('a refresh token', () => {
  const key = randomBytes(32);
  const signedInAt = new Date('2026-11-20T09:00:00.000Z');
  const later = (ms: number): Date => new Date(signedInAt.getTime() + ms);
  const first = RefreshToken.first();
  const second = first.successor(key);
  const third = second.successor(key);
  const fresh: Family = {
    id: '019e3a5c-8d2a-7b6e-8f41-6c1d9e7a3b05',
    userId: 'u',
    passwordVersion: 1,
    tokenHash: first.hash,
    spentHash: null,
    spentAt: null,
    createdAt: signedInAt,
    expiresAt: later(familyLifetimeMs),
    userAgent: null,
  };
  const rotated: Family = { ...fresh, tokenHash: second.hash, spentHash: first.hash, spentAt: later(60_000) };
  const rotatedTwice: Family = { ...fresh, tokenHash: third.hash, spentHash: second.hash, spentAt: later(61_000) };

  test('names its family in every generation, and nothing else of it', () => {
    expect(second.familyHash).toEqual(first.familyHash);
    expect(second.hash).not.toEqual(first.hash);
    expect(RefreshToken.first().familyHash).not.toEqual(first.familyHash);
  });

  test('has one successor, which another key does not give', () => {
    expect(String(first.successor(key))).toBe(String(second));
    expect(String(first.successor(randomBytes(32)))).not.toBe(String(second));
  });

  test('is read only as it was handed out', () => {
    expect(String(RefreshToken.parse(String(first)))).toBe(String(first));
    for (const text of ['', 'x', `${String(first)}A`, `${String(first)}=`, String(first).slice(1), ` ${String(first)}`]) {
      expect(RefreshToken.parse(text)).toBeNull();
    }
  });

  test('rotates while it is the present one', () => {
    expect(judge(fresh, first, later(60_000))).toBe('rotate');
    expect(judge(rotated, second, later(familyLifetimeMs - 1))).toBe('rotate');
  });

  test('spent last is good for 10 s more', () => {
    expect(judge(rotated, first, later(60_000 + graceMs))).toBe('repeat');
    expect(judge(rotated, first, later(60_001 + graceMs))).toBe('end');
  });

  test('spent ends the family at once when its successor was used', () => {
    expect(judge(rotatedTwice, first, later(61_001))).toBe('end');
  });

  test('made up ends the family', () => {
    expect(judge(fresh, third, later(1))).toBe('end');
  });

  test('is no good 30 days after sign-in', () => {
    expect(judge(fresh, first, later(familyLifetimeMs))).toBe('end');
  });
});
