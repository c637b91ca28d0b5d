import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomFrom } from '../../support/faults/fault-proxy.js';
import { type FaultyService, startFaultyService } from '../../support/faults/faulty-service.js';
import { type TokenBearer, tokenBearer } from '../../support/tokens.js';

// Real: two instances of the built service over HTTP, DynamoDB (Dynoxide), all behind fault proxies. Both writers and mirrors go through both instances.

let service: FaultyService;
beforeAll(async () => {
  service = await startFaultyService({}, 2);
});
afterAll(async () => service?.stop());

const writers = 8;
const stepsEach = 12;
const statuses = ['open', 'in_progress', 'done'] as const;

interface Change {
  readonly id: string;
  readonly state: 'present' | 'deleted' | 'archived';
  readonly todo?: Record<string, unknown>;
}

/** Holds a copy of a user's todos by the change feed alone, stopping between pages wherever it likes. */
class Mirror {
  readonly todos = new Map<string, Record<string, unknown>>();
  private readonly gone = new Set<string>();
  readonly broken: string[] = [];
  private token: string | undefined;

  constructor(
    private readonly user: TokenBearer,
    private readonly random: () => number,
  ) {}

  /** Reads one page; false when it could not be read. `more` is null then. */
  async read(limit: number): Promise<boolean | null> {
    const query = new URLSearchParams({ limit: String(limit), ...(this.token !== undefined && { since: this.token }) }).toString();
    const answer = await service.knock('GET', `/users/${this.user.id}/changes?${query}`, { token: this.user.token });
    if (answer === null || answer.status === 503) {
      return null;
    }
    if (answer.status !== 200) {
      throw new Error(`The feed answered ${answer.status}: ${answer.text}`);
    }
    const { changes, next, more } = answer.body as { changes: Change[]; next: string; more: boolean };
    for (const { id, state, todo } of changes) {
      if (state === 'present') {
        // Ids are never given twice, and nothing here comes back from an archive.
        if (this.gone.has(id)) {
          this.broken.push(id);
        }
        this.todos.set(id, todo ?? {});
      } else {
        this.gone.add(id);
        this.todos.delete(id);
      }
    }
    this.token = next;
    return more;
  }

  async follow(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      await this.read(1 + Math.floor(this.random() * 9));
      await sleep(this.random() * 60);
    }
  }

  async catchUp(): Promise<void> {
    while ((await this.read(7)) !== false);
  }
}

async function listed({ id, token }: TokenBearer): Promise<Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const { status, body }: any = await service.call('GET', `/users/${id}/todos?limit=100${cursor === '' ? '' : `&cursor=${cursor}`}`, { token });
    expect(status).toBe(200);
    items.push(...body.items);
    cursor = body.nextCursor;
  }
  return items;
}

const byId = (todos: Iterable<Record<string, unknown>>): Record<string, unknown>[] =>
  [...todos].sort((left, right) => (String(left['id']) < String(right['id']) ? -1 : 1));

describe('Promise 11: a mirror that applies the change feed equals the list', () => {
  test('eight mirrors of eight writers, with replies lost on both ways, connections cut and the service killed in the middle', async () => {
    const user = tokenBearer(service.config);
    const { id: userId, token } = user;
    const known: string[] = [];
    const statusesSeen = new Set<number>();
    service.dynamodb.dropReplies(0.05, 2);
    service.doors.forEach((door, index) => door.dropReplies(0.05, 3 + index));
    let isOver = false;
    const mirrors = Array.from({ length: 8 }, (_, index) => new Mirror(user, randomFrom(200 + index)));
    const following = mirrors.map(async (mirror) => mirror.follow(() => isOver));

    await Promise.all(
      Array.from({ length: writers }, async (_, writer) => {
        const random = randomFrom(100 + writer);
        const pick = <T>(of: readonly T[]): T => of[Math.floor(random() * of.length)] as T;
        const patch = () => ({ status: pick(statuses) });
        for (let step = 0; step < stepsEach; step += 1) {
          const choice = known.length < 4 ? 0 : random();
          const answer =
            choice < 0.4
              ? await service.knock('POST', `/users/${userId}/todos`, { token, body: { title: `${writer}.${step}`, status: pick(statuses) } })
              : choice < 0.65
                ? await service.knock('PATCH', `/todos/${pick(known)}`, { token, body: patch() })
                : choice < 0.85
                  ? await service.knock('DELETE', `/todos/${pick(known)}`, { token })
                  : await service.knock('POST', `/users/${userId}/todos/batch`, {
                      token,
                      body: {
                        operations: [
                          { op: 'create', todo: { title: `${writer}.${step}` } },
                          { op: 'patch', id: known[0], patch: patch() },
                          { op: 'delete', id: known.at(-1) },
                        ],
                      },
                    });
          statusesSeen.add(answer?.status ?? 0);
          if (answer?.status === 201) {
            known.push(answer.body.id);
          }
          if (writer === 0 && step === 4) {
            service.dynamodb.resetAll();
          }
          if (writer === 0 && step === 7) {
            await service.kill();
            await service.restart();
          }
        }
      }),
    );
    isOver = true;
    await Promise.all(following);
    await service.dynamodb.restore();
    await Promise.all(service.doors.map(async (door) => door.restore()));

    const truth = byId(await listed(user));
    const late = new Mirror(user, randomFrom(1));
    for (const mirror of [...mirrors, late]) {
      await mirror.catchUp();
      expect(byId(mirror.todos.values())).toEqual(truth);
      expect(mirror.broken).toEqual([]);
    }
    const { list, recount } = await service.truth.counts(userId);
    expect(list).toEqual(recount);
    expect(truth.length).toBeGreaterThan(0);
    // 0 stands for a reply that was lost on the way to the client.
    expect([...statusesSeen].filter((status) => ![0, 200, 201, 204, 404, 503].includes(status))).toEqual([]);
  });

  test('each revision is written once: what two instances write of one user at once has an order without ties', async () => {
    const user = tokenBearer(service.config);
    const create = async (title: string) => service.call('POST', `/users/${user.id}/todos`, { token: user.token, body: { title } });

    const answers = await Promise.all(Array.from({ length: 40 }, async (_, turn) => create(`t${turn}`)));

    const written = answers.filter(({ status }) => status === 201).length;
    expect(answers.filter(({ status }) => ![201, 503].includes(status))).toEqual([]);
    const { todos } = await service.truth.counts(user.id);
    const revisions = todos.map((todo) => Number(todo['revisionKey'])).sort((left, right) => left - right);
    expect(revisions).toEqual(Array.from({ length: written }, (_, turn) => turn + 1));
  });
});
