import { describe, expect, test } from '@jest/globals';
import { idempotencyPut, replayFrom } from './idempotency.js';

const now = Date.parse('2030-01-01T00:00:00.999Z');
const seconds = Math.floor(now / 1000);

describe('A stored result', () => {
  test('is stored for 24 hours, unless an earlier one still stands', () => {
    const { Put } = idempotencyPut({ table: 't', key: { userId: 'u', itemKey: 'IDEM#k' }, fingerprint: 'f', response: '{"a":1}', now });

    expect(Put).toEqual({
      TableName: 't',
      Item: { userId: 'u', itemKey: 'IDEM#k', fingerprint: 'f', response: '{"a":1}', expiresAt: seconds + 86_400 },
      ConditionExpression: 'attribute_not_exists(fingerprint) OR expiresAt <= :now',
      ExpressionAttributeValues: { ':now': seconds },
    });
  });

  test('is replayed until its window ends, whether or not TTL has deleted it', () => {
    const item = { fingerprint: 'f', response: '{"a":1}', expiresAt: seconds };

    expect(replayFrom(item, 'f', now - 1_000)).toBe('{"a":1}');
    expect(replayFrom(item, 'f', now)).toBeUndefined();
    expect(replayFrom(undefined, 'f', now)).toBeUndefined();
  });

  test('is not given for another payload, until its window ends', () => {
    const item = { fingerprint: 'f', response: '{}', expiresAt: seconds };

    expect(() => replayFrom(item, 'g', now - 1_000)).toThrow(expect.objectContaining({ code: 'idempotency.key_reused' }));
    expect(replayFrom(item, 'g', now)).toBeUndefined();
  });
});
