import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomFrom } from '../../support/faults/fault-proxy.js';
import { type FaultyService, startFaultyService } from '../../support/faults/faulty-service.js';
import { tokenBearer } from '../../support/tokens.js';

// Real: two instances of the built service over HTTP, DynamoDB (Dynoxide), all behind fault proxies. Counted past the proxies, in the table itself.
// Seen failing: with the aggregate moved in a transaction of its own behind the todo's (the first test: LIST is not the recount), and with a new request token for each try of a
// transaction instead of one for all (the second: wrong 412s; the first, too).

let service: FaultyService;
beforeAll(async () => {
  service = await startFaultyService({}, 2);
});
afterAll(async () => service?.stop());

const workers = 12;
const stepsEach = 20;
const statuses = ['open', 'in_progress', 'done'] as const;

describe('Promise 2: LIST equals a recount of the todos', () => {
  test('after creates, updates and deletes at once, with a tenth of the replies lost on both ways and connections cut', async () => {
    const { id, token } = tokenBearer(service.config);
    const known: string[] = [];
    const answers = new Map<number, number>();
    service.dynamodb.dropReplies(0.1, 2);
    service.doors.forEach((door, index) => door.dropReplies(0.1, 3 + index));

    await Promise.all(
      Array.from({ length: workers }, async (_, worker) => {
        const random = randomFrom(100 + worker);
        const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T;
        for (let step = 0; step < stepsEach; step += 1) {
          const choice = known.length === 0 ? 0 : random();
          const path = known.length === 0 ? '' : `/todos/${pick(known)}`;
          const answer =
            choice < 0.4
              ? await service.knock('POST', `/users/${id}/todos`, { token, body: { title: `${worker}.${step}`, status: pick(statuses) } })
              : choice < 0.8
                ? await service.knock('PATCH', path, { token, body: { status: pick(statuses) } })
                : await service.knock('DELETE', path, { token });
          answers.set(answer?.status ?? 0, (answers.get(answer?.status ?? 0) ?? 0) + 1);
          if (answer?.status === 201) {
            known.push(answer.body.id);
          }
          if (worker === 0 && step % 7 === 3) {
            service.dynamodb.resetAll();
          }
        }
      }),
    );

    await service.dynamodb.restore();
    await Promise.all(service.doors.map(async (door) => door.restore()));
    const { list, recount } = await service.truth.counts(id);
    expect(list).toEqual(recount);
    expect(recount.open + recount.inProgress + recount.done).toBeGreaterThan(0);
    // 0 stands for a reply that was lost on the way to the client.
    expect([...answers.keys()].filter((status) => ![0, 200, 201, 204, 404, 503].includes(status))).toEqual([]);
    expect(service.dynamodb.repliesLost).toBeGreaterThan(0);
    expect(service.doors[0]?.repliesLost).toBeGreaterThan(0);
  });

  test('and a reply that the store lost never becomes a wrong 404, 409 or 412', async () => {
    const lostBefore = service.dynamodb.repliesLost;
    service.dynamodb.dropReplies(0.25, 4);
    const outcomes: unknown[] = [];

    await Promise.all(
      Array.from({ length: 8 }, async () => {
        // A user each: whatever is answered, no other has done it.
        const { id, token } = tokenBearer(service.config);
        for (let round = 0; round < 4; round += 1) {
          const created = await service.call('POST', `/users/${id}/todos`, { token, body: { title: 'Mine alone' } });
          outcomes.push(['POST', created.status]);
          if (created.status === 201) {
            const path = `/todos/${created.body.id}`;
            const changed = await service.call('PATCH', path, { token, body: { status: 'done' }, headers: { 'If-Match': '"1"' } });
            outcomes.push(['PATCH', changed.status, changed.body?.version]);
            if (changed.status === 200) {
              const deleted = await service.call('DELETE', path, { token, headers: { 'If-Match': '"2"' } });
              outcomes.push(['DELETE', deleted.status]);
            }
          }
        }
      }),
    );

    await service.dynamodb.restore();
    const expected = [
      ['POST', 201],
      ['PATCH', 200, 2],
      ['DELETE', 204],
    ].map((outcome) => JSON.stringify(outcome));
    const others = outcomes.filter((outcome) => !expected.includes(JSON.stringify(outcome)) && (outcome as unknown[])[1] !== 503);
    expect(others).toEqual([]);
    expect(outcomes.filter((outcome) => (outcome as unknown[])[1] !== 503).length).toBeGreaterThan(outcomes.length / 2);
    expect(service.dynamodb.repliesLost).toBeGreaterThan(lostBefore);
  });
});
