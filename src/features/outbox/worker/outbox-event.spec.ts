import { describe, expect, test } from '@jest/globals';
import { catalogue } from '../../events/catalogue.js';
import { outboxEvent } from './outbox-event.js';

const user = {
  id: '019e3a5c-7b1e-7c3a-9d52-3f8f6f0a1b2c',
  email: 'ada@example.com',
  emailVerified: true,
  name: 'Ada',
  timeZone: 'UTC',
  role: 'user',
  createdAt: '2026-11-20T09:30:00.000Z',
  updatedAt: '2026-11-20T09:30:00.000Z',
  version: 1,
};
const row = { id: '019e3a5c-0000-7000-8000-000000000001', kind: 'user.updated', payload: user, occurredAt: '2026-11-20T09:31:00.000Z' };

describe('the event of an outbox row', () => {
  test('carries the row’s id, time and resource', () => {
    expect(outboxEvent(row)).toEqual({
      name: 'user.updated',
      resource: { id: user.id, version: 1 },
      detail: { metadata: { id: row.id, occurredAt: row.occurredAt, version: 1 }, data: user },
    });
  });

  test('never carries what the schema does not name, such as credentials', () => {
    const event = outboxEvent({ ...row, payload: { ...user, passwordHash: 'secret' } });

    expect(JSON.stringify(event)).not.toContain('secret');
  });

  test.each(['user.renamed', 'todo.created', 'constructor', ''])('of the kind "%s" does not exist', (kind) => {
    expect(outboxEvent({ ...row, kind })).toEqual({ unpublishable: `unknown kind ${kind}` });
  });

  test('of a malformed payload does not exist, and the reason has no value in it', () => {
    const result = outboxEvent({ ...row, payload: { ...user, email: 7, version: 'ada@example.com' } });

    expect(result).toEqual({ unpublishable: 'malformed payload: email invalid_type, version invalid_type' });
    expect(outboxEvent({ ...row, payload: null })).toEqual({ unpublishable: 'malformed payload: (whole) invalid_type' });
  });
});

describe('the catalogue', () => {
  test('names every event once, with its meaning', () => {
    expect(catalogue.map(({ name }) => name)).toEqual([
      'todo.created',
      'todo.updated',
      'todo.completed',
      'todo.deleted',
      'todo.archived',
      'record.created',
      'record.updated',
      'record.deleted',
      'user.registered',
      'user.updated',
      'user.deleted',
    ]);
    expect(catalogue.filter(({ description, version }) => description === '' || version < 1)).toEqual([]);
  });
});
