import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import type * as z from 'zod';
import { todoSchema } from '../todos/todos.schemas.js';
import { userSchema } from '../users/users.schemas.js';
import { catalogue, detailSchema, makeEvent } from './catalogue.js';
import { recordUpdated } from './catalogue/record-updated.js';
import { todoData } from './catalogue/todo-data.js';
import { userData } from './catalogue/user-data.js';
import { userDeleted } from './catalogue/user-deleted.js';
import { withoutData } from './domain-event.js';

describe('The event catalogue', () => {
  test('in the documentation is the one in the code', async () => {
    const page = await readFile(new URL('../../../docs/contract.md', import.meta.url), 'utf8');
    const rows = [...page.matchAll(/^\| `((?:todo|record|user)\.\w+)` +\| (\d+) +\| (.*?) +\|$/gm)].map(([, name, version, description]) => ({
      name,
      version: Number(version),
      description,
    }));

    expect(rows).toEqual(catalogue.map(({ name, version, description }) => ({ name, version, description })));
  });

  test.each<[string, z.ZodObject, z.ZodObject]>([
    ['todo', todoData, todoSchema],
    ['user', userData, userSchema],
  ])('has each field that the API has of a %s', (_, event, api) => {
    expect(Object.keys(event.shape).sort()).toEqual(Object.keys(api.shape).sort());
  });

  test('describes an event with its data, and one that says that they were omitted', () => {
    const user_id = '019e3a5c-7b1e-7c3a-9d52-3f8f6f0a1b2c';
    const event = makeEvent(recordUpdated, { id: user_id, occurredAt: '2026-11-20T09:30:00.000Z', data: { user_id, plan: 'free' } });
    const reduced = withoutData(event).detail;

    expect(reduced).toEqual({ metadata: { ...event.detail.metadata, dataOmitted: true, resource: { user_id } } });
    const schema = detailSchema(recordUpdated);
    expect([event.detail, reduced].map((detail) => schema.safeParse(detail).success)).toEqual([true, true]);
    const { metadata } = event.detail;
    expect([{ metadata }, { ...reduced, data: event.detail.data }].map((detail) => schema.safeParse(detail).success)).toEqual([false, false]);
  });

  test('has of a deleted user no more than id and version', () => {
    expect(userDeleted.data.parse({ id: '019e3a5c-7b1e-7c3a-9d52-3f8f6f0a1b2c', version: 3, email: 'ada@example.com', name: 'Ada' })).toEqual({
      id: '019e3a5c-7b1e-7c3a-9d52-3f8f6f0a1b2c',
      version: 3,
    });
  });

  test('names each event once', () => {
    expect(new Set(catalogue.map(({ name }) => name)).size).toBe(catalogue.length);
  });
});
