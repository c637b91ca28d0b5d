import { expect, test } from '@jest/globals';
import { idSchema, newId } from './ids.js';

test('Ids sort as they were made, and carry the time that they name', () => {
  const made = Array.from({ length: 2_000 }, () => newId());

  expect(made.map(({ id }) => id)).toEqual(made.map(({ id }) => id).sort());
  expect(new Set(made.map(({ id }) => id)).size).toBe(made.length);
  for (const { id, createdAt } of made) {
    expect(Date.parse(createdAt)).toBe(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16));
  }
});

test('An id is read in its canonical lower case', () => {
  const { id } = newId();

  expect(idSchema.parse(id.toUpperCase())).toBe(id);
  expect(idSchema.safeParse(`${id} `).success).toBe(false);
});
