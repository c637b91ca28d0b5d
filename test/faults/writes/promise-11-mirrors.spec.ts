import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createDuetClient, type DuetClient } from '../../../client/index.js';
import { memoryStorage, type Mirror } from '../../../client/mirror/index.js';
import { randomFrom } from '../../support/faults/fault-proxy.js';
import { type FaultyService, startFaultyService } from '../../support/faults/faulty-service.js';
import { tokenBearer } from '../../support/tokens.js';

// Real: two instances of the built service over HTTP, DynamoDB (Dynoxide), all behind fault proxies; the client's own mirrors, in memory.

let service: FaultyService;
beforeAll(async () => {
  service = await startFaultyService({}, 2);
});
afterAll(async () => service?.stop());

const stepsEach = 14;
const statuses = ['open', 'in_progress', 'done'] as const;

/** A person at a device: writes into a mirror, whatever the network does, and closes and opens the app at times. */
class Person {
  readonly created = new Set<string>();
  readonly deleted = new Set<string>();
  private readonly storage = memoryStorage();
  private readonly random: () => number;
  mirror: Mirror;

  constructor(
    private readonly duet: DuetClient,
    private readonly number: number,
  ) {
    this.random = randomFrom(300 + number);
    this.mirror = this.open();
  }

  async step(step: number): Promise<void> {
    await sleep(this.random() * 120);
    const { todos } = this.mirror.getSnapshot();
    const title = `${this.number}.${step}`;
    const choice = todos.length < 4 ? 0 : this.random();
    const todo = todos[Math.floor(this.random() * todos.length)];
    if (choice < 0.45 || todo === undefined) {
      this.mirror.create({ title });
      this.created.add(title);
    } else if (choice < 0.75) {
      this.mirror.patch(todo.id, { status: statuses[step % 3] });
    } else if (choice < 0.85) {
      this.mirror.delete(todo.id);
      this.deleted.add(todo.title);
    } else {
      this.mirror.batch([
        { op: 'create', todo: { title } },
        { op: 'patch', id: todo.id, patch: { priority: 'high' } },
      ]);
      this.created.add(title);
    }
    if (step % 5 === this.number % 5) {
      await this.mirror.close();
      this.mirror = this.open();
    }
  }

  /** Goes on until nothing waits; what met a conflict is left as it is there. */
  async settle(): Promise<void> {
    do {
      await this.mirror.refresh();
      this.mirror.getSnapshot().conflicts.forEach(({ id }) => this.mirror.resolve(id, 'theirs'));
    } while (this.mirror.getSnapshot().status !== 'current' || this.mirror.getSnapshot().pending.length > 0);
  }

  private open(): Mirror {
    return this.duet.mirror({ storage: this.storage, pollMs: 80 });
  }
}

describe('Promise 11: mirrors equal the list', () => {
  test('eight of them, each written into, with replies lost on both ways, connections cut, the service killed and the mirrors closed and opened', async () => {
    const { id: userId, token: accessToken } = tokenBearer(service.config);
    const client = (baseUrl: string): DuetClient =>
      createDuetClient({ baseUrl, session: { userId, accessToken, refreshToken: 'none' }, retries: 0, timeoutMs: 5_000 });
    service.dynamodb.dropReplies(0.05, 2);
    service.doors.forEach((door, index) => door.dropReplies(0.1, 3 + index));
    const people = Array.from({ length: 8 }, (_, number) => new Person(client(`http://127.0.0.1:${service.doors[number % 2]?.port}`), number));

    await Promise.all(
      people.map(async (person, number) => {
        for (let step = 0; step < stepsEach; step += 1) {
          await person.step(step);
          if (number === 0 && step === 4) {
            service.dynamodb.resetAll();
          }
          if (number === 0 && step === 7) {
            await service.kill();
            await service.restart();
          }
        }
      }),
    );
    await service.dynamodb.restore();
    await Promise.all(service.doors.map(async (door) => door.restore()));
    for (const person of people) await person.settle();
    for (const person of people) await person.settle();

    const listed = await client(`http://127.0.0.1:${service.doors[0]?.port}`).todos.list({ limit: 100 }).take(1_000);
    const { list, recount } = await service.truth.counts(userId);
    expect(list).toEqual(recount);
    for (const { mirror } of people) {
      const { todos, rejected } = mirror.getSnapshot();
      expect(todos).toEqual(listed.map((todo) => expect.objectContaining({ ...todo, pending: false })));
      expect(rejected).toEqual([]);
      await mirror.close();
    }
    // Each creation was made once: nothing is there twice, and what is not there was deleted.
    const titles = listed.map(({ title }) => title).sort();
    const deleted = new Set(people.flatMap((person) => [...person.deleted]));
    expect(new Set(titles).size).toBe(titles.length);
    expect(people.flatMap((person) => [...person.created]).filter((title) => !titles.includes(title) && !deleted.has(title))).toEqual([]);
    expect(listed.length).toBeGreaterThan(8);
  }, 180_000);
});
