import { randomUUID } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm, chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parentOf, startTimeOf } from '../../../src/local/processes/processes.js';
import { type BuiltService, startBuiltService } from '../../support/built-service.js';
import { type FaultyService, startFaultyService } from '../../support/faults/faulty-service.js';
import { eventually } from '../../support/eventually.js';
import { type Answer, type CallOptions, callService, signUp } from '../../support/service.js';

// Real: the built service as `npm start` runs it, with the stores it embeds, killed with SIGKILL; and the same behind fault proxies.
// Seen failing: with updates acknowledged 200 ms before they are written (both tests: todos that are not as acknowledged).

type Call = (method: string, path: string, options?: CallOptions) => Promise<Answer>;

/** What was answered to the client during a storm, and what was not. */
interface Ledger {
  /** The last acknowledged state of each todo, as JSON text; null once its deletion was acknowledged. */
  readonly todos: Map<string, string | null>;
  /** Todos with a write that was not answered: they may stand either way. */
  readonly doubtful: Set<string>;
  visits: number;
  unknownVisits: number;
  acknowledged: number;
}

const emptyLedger = (): Ledger => ({ todos: new Map(), doubtful: new Set(), visits: 0, unknownVisits: 0, acknowledged: 0 });
/** So many acknowledged writes make a storm, however long a busy machine takes over them. */
const enough = 40;

/** Writes of all kinds, each client on todos of its own, until `over`. A call that breaks or gets a 503 has an unknown outcome. */
async function storm(
  ledger: Ledger,
  call: Call,
  { id, accessToken: token }: { id: string; accessToken: string },
  clients: number,
  over: () => boolean,
): Promise<void> {
  const attempt: Call = async (...request) => {
    try {
      return await call(...request);
    } catch (error) {
      if (!/^(fetch failed|terminated)$/.test((error as Error).message)) {
        throw error;
      }
      await sleep(10);
      return { status: 0, headers: new Headers(), body: undefined, text: '' };
    }
  };
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (!over()) {
        const created = await attempt('POST', `/users/${id}/todos`, { token, body: { title: 'In the storm' } });
        if (created.status === 201) {
          const todo: string = created.body.id;
          ledger.todos.set(todo, created.text);
          ledger.acknowledged += 1;
          const changed = await attempt('PATCH', `/todos/${todo}`, { token, body: { status: 'done' } });
          if (changed.status === 200) {
            ledger.todos.set(todo, changed.text);
            ledger.acknowledged += 1;
          } else {
            expect([0, 503]).toContain(changed.status);
            ledger.doubtful.add(todo);
          }
          if (ledger.todos.size % 3 === 0) {
            const deleted = await attempt('DELETE', `/todos/${todo}`, { token });
            if (deleted.status === 204) {
              ledger.todos.set(todo, null);
              ledger.acknowledged += 1;
            } else {
              expect([0, 503]).toContain(deleted.status);
              ledger.doubtful.add(todo);
            }
          }
        }
        const visited = await attempt('POST', '/counter');
        if (visited.status === 200) {
          ledger.visits += 1;
          ledger.acknowledged += 1;
        } else {
          ledger.unknownVisits += 1;
        }
      }
    }),
  );
}

/** Holds a service to a ledger: every acknowledged write is there, the aggregate equals the recount, the counter is within bounds. */
async function expectKept(call: Call, { id, accessToken: token }: { id: string; accessToken: string }, ledger: Ledger): Promise<void> {
  const found = new Map<string, unknown>();
  for (let cursor: string | null = ''; cursor !== null;) {
    const { status, body }: Answer = await call('GET', `/users/${id}/todos?limit=100${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`, {
      token,
    });
    expect(status).toBe(200);
    for (const todo of body.items) {
      found.set(todo.id, todo);
    }
    cursor = body.nextCursor;
  }
  const sure = [...ledger.todos].filter(([todo]) => !ledger.doubtful.has(todo));
  const wrong = sure.filter(([todo, text]) => JSON.stringify(found.get(todo) ?? null) !== (text ?? 'null'));
  expect(wrong).toEqual([]);
  const standing = [...found.values()] as { status: string }[];
  const having = (status: string): number => standing.filter((todo) => todo.status === status).length;
  const { body: dashboard } = await call('GET', `/dashboard/${id}`, { token });
  expect(dashboard.todos).toMatchObject({ total: standing.length, open: having('open'), inProgress: having('in_progress'), done: having('done') });
  const { body: counter } = await call('GET', '/counter');
  expect(counter.visitCount).toBeGreaterThanOrEqual(ledger.visits);
  expect(counter.visitCount).toBeLessThanOrEqual(ledger.visits + ledger.unknownVisits);
}

/** A process and all below it, with their start times: pids are used again. */
function family(pid: number): Map<number, string | null> {
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  const members = new Set([pid]);
  for (let size = 0; size !== members.size;) {
    size = members.size;
    pids.filter((each) => members.has(parentOf(each) ?? 0)).forEach((each) => members.add(each));
  }
  return new Map([...members].map((each) => [each, startTimeOf(each)]));
}

/** Those that are still running after a while. */
async function survivors(members: Map<number, string | null>): Promise<number[]> {
  const running = (): number[] => [...members].filter(([pid, startTime]) => startTime !== null && startTimeOf(pid) === startTime).map(([pid]) => pid);
  for (let patience = 0; running().length > 0 && patience < 200; patience += 1) {
    await sleep(50);
  }
  return running();
}

describe('Promise 1: an acknowledged write survives', () => {
  let dataDir: string;
  const running: BuiltService[] = [];
  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'duet-faults-'));
    // As root, PostgreSQL runs as another user, who must be able to pass through.
    await chmod(dataDir, 0o711);
  });
  afterAll(async () => {
    await Promise.all(running.map(async (service) => service.kill()));
    await rm(dataDir, { recursive: true, force: true });
  });
  const start = async (): Promise<BuiltService> => {
    const service = await startBuiltService({ DUET_DATA_DIR: dataDir });
    running.push(service);
    return service;
  };

  test('SIGKILL of the service during a storm of writes, twice', async () => {
    let service = await start();
    let user: Awaited<ReturnType<typeof signUp>> | undefined;
    const call: Call = async (...request) => callService(service.url, ...request);
    const ledgers: Ledger[] = [];
    for (let round = 1; round <= 2; round += 1) {
      const writer = (user ??= await signUp(call, { email: `storm-${randomUUID()}@example.com` }));
      let over = false;
      const ledger = emptyLedger();
      ledgers.push(ledger);
      const writing = storm(ledger, call, writer, 8, () => over);
      await eventually(() => ledger.acknowledged >= enough, { what: 'a storm of writes', timeoutMs: 30_000 });
      const members = family(service.pid);
      await service.kill();
      over = true;
      running.pop();
      await writing;
      // The stores end with it: a start finds the way clear, and nothing is left behind.
      service = await start();
      expect(await survivors(members)).toEqual([]);

      // The user is there, too, with the password that was acknowledged.
      expect((await call('POST', '/auth/login', { body: { email: writer.email, password: writer.password } })).status).toBe(200);
      const all: Ledger = {
        todos: new Map(ledgers.flatMap(({ todos }) => [...todos])),
        doubtful: new Set(ledgers.flatMap(({ doubtful }) => [...doubtful])),
        visits: ledgers.reduce((sum, { visits }) => sum + visits, 0),
        unknownVisits: ledgers.reduce((sum, { unknownVisits }) => sum + unknownVisits, 0),
        acknowledged: ledgers.reduce((sum, { acknowledged }) => sum + acknowledged, 0),
      };
      await expectKept(call, writer, all);
    }
    const members = family(service.pid);
    await service.stop();
    running.pop();
    expect(await survivors(members)).toEqual([]);
  });

  test('either store’s connections reset, and refused for a moment, again and again during a storm', async () => {
    const service: FaultyService = await startFaultyService();
    try {
      const user = await service.signUp();
      let renamed = 0;
      let unknownNames = 0;
      let over = false;
      const renaming = (async () => {
        while (!over) {
          const { status } = await service.call('PATCH', `/users/${user.id}`, { token: user.accessToken, body: { name: `Name ${renamed + unknownNames}` } });
          if (status === 200) renamed += 1;
          else unknownNames += 1;
          expect([200, 503]).toContain(status);
        }
      })();
      const ledger = emptyLedger();
      const writing = storm(ledger, service.call, user, 6, () => over);
      for (let turn = 0; turn < 12 || ledger.acknowledged < enough || renamed === 0; turn += 1) {
        await sleep(100);
        const store = turn % 2 === 0 ? service.dynamodb : service.postgres;
        if (turn % 4 < 2) {
          store.resetAll();
        } else {
          await store.cut();
          await sleep(50);
          await store.restore();
        }
      }
      over = true;
      await Promise.all([writing, renaming]);

      await expectKept(service.call, user, ledger);
      const { body } = await service.call('GET', `/users/${user.id}`, { token: user.accessToken });
      expect(body.version - 1).toBeGreaterThanOrEqual(renamed);
      expect(body.version - 1).toBeLessThanOrEqual(renamed + unknownNames);
    } finally {
      await service.stop();
    }
  });
});
