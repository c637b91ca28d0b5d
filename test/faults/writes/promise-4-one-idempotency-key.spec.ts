import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type FaultyService, startFaultyService } from '../../support/faults/faulty-service.js';
import type { Answer } from '../../support/service.js';
import { tokenBearer } from '../../support/tokens.js';

// Real: two instances of the built service over HTTP, DynamoDB (Dynoxide), all behind fault proxies. That it is one event, too, is held by the tests of promise 7.
// Seen failing: with a condition on the stored result that always holds (all three: many todos, many bodies).

let service: FaultyService;
beforeAll(async () => {
  service = await startFaultyService({}, 2);
});
afterAll(async () => service?.stop());

const sends = 50;

describe('Promise 4: one Idempotency-Key is one todo', () => {
  test.each([
    ['one after another', 1],
    ['ten at once', 10],
    ['all at once', sends],
  ])('sent 50 times, %s, with replies lost on both ways: one todo, identical bodies', async (_, atOnce) => {
    const { id, token } = tokenBearer(service.config);
    const options = { token, body: { title: 'Only once', tags: ['a'] }, headers: { 'Idempotency-Key': `key-${randomUUID()}` } };
    const answers: (Answer | null)[] = [];
    const { repliesLost: lostByStore } = service.dynamodb;
    const lostAtDoors = (): number => service.doors.reduce((sum, { repliesLost }) => sum + repliesLost, 0);
    const lostBefore = lostAtDoors();
    service.dynamodb.dropReplies(0.2, 7 + atOnce);
    service.doors.forEach((door, index) => door.dropReplies(0.2, 8 + atOnce + index));

    while (answers.length < sends) {
      answers.push(...(await Promise.all(Array.from({ length: atOnce }, async () => service.knock('POST', `/users/${id}/todos`, options)))));
    }

    await service.dynamodb.restore();
    await Promise.all(service.doors.map(async (door) => door.restore()));
    answers.push(await service.knock('POST', `/users/${id}/todos`, options));
    const heard = answers.filter((answer) => answer !== null);
    const created = heard.filter(({ status }) => status === 201);
    expect([...new Set(heard.map(({ status }) => status))].filter((status) => status !== 201 && status !== 503)).toEqual([]);
    expect(created.length).toBeGreaterThan(sends / 3);
    expect(new Set(created.map(({ text }) => text)).size).toBe(1);
    // At most the one that made it says that it is not a replay; it may have got lost.
    expect(created.filter(({ headers }) => headers.get('Idempotency-Replayed') !== 'true').length).toBeLessThanOrEqual(1);
    const { list, recount, todos } = await service.truth.counts(id);
    expect(todos.map((todo) => todo['itemKey'])).toEqual([`TODO#${created[0]?.body.id}`]);
    expect([list, recount]).toEqual([
      { open: 1, inProgress: 0, done: 0 },
      { open: 1, inProgress: 0, done: 0 },
    ]);
    expect(service.dynamodb.repliesLost).toBeGreaterThan(lostByStore);
    expect(lostAtDoors()).toBeGreaterThan(lostBefore);
  });
});
