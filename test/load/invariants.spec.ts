import { createServer, type IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { randomFrom } from '../support/faults/fault-proxy.js';
import { listenOnLoopback } from '../support/loopback.js';
import { type Answer, callService, startService, type TestService } from '../support/service.js';
import { checkInvariants, type Finding } from './invariants.js';
import { checkMirrors, MirrorUser } from './mirror-user.js';
import { CounterLedger, UserJournal } from './journal.js';
import { Seat } from './seat.js';
import { settle } from './traffic.js';

// Real: the traffic of the load test, one request at a time; the service over HTTP and both stores. Between them a proxy that makes one mistake,
// which the invariant that is for it must find, by name. Seen failing: the second test with creations that are not settled before the check; those of
// duplicates, dashboards and the counter's upper bound with their check taken out.

let service: TestService;
const closers: (() => Promise<void>)[] = [];
beforeAll(async () => {
  service = await startService();
});
afterEach(async () => void (await Promise.all(closers.splice(0).map(async (close) => close()))));
afterAll(async () => service?.stop());

interface Passing {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Carries it to the service, with other headers if given. */
  pass(headers?: Readonly<Record<string, string>>): Promise<Answer>;
}

/** What the proxy answers instead; null: the connection breaks. */
type Meddle = (passing: Passing) => Promise<Pick<Answer, 'status' | 'body'> | null>;

const carried = ['authorization', 'if-match', 'idempotency-key'];

/** A way to the service on which `meddle` decides what happens to each request; gone after the test. */
async function meddled(meddle: Meddle): Promise<string> {
  const server = createServer(async (request, response) => {
    const [method, path, body] = [request.method ?? '', request.url ?? '', await text(request)];
    const headers = Object.fromEntries(carried.flatMap((name) => (request.headers[name] === undefined ? [] : [[name, String(request.headers[name])]])));
    let replayed = 'false';
    const pass: Passing['pass'] = async (others = headers) => {
      const answer = await callService(service.url, method, path, { headers: others, ...(body !== '' && { body }) });
      replayed = answer.headers.get('Idempotency-Replayed') ?? replayed;
      return answer;
    };
    const answer = await meddle({ method, path, headers, body, pass });
    if (answer === null) {
      request.socket.destroy();
      return;
    }
    const reply = answer.body === undefined ? '' : JSON.stringify(answer.body);
    response
      .writeHead(answer.status, { 'Content-Type': `application/${answer.status < 400 ? 'json' : 'problem+json'}`, 'Idempotency-Replayed': replayed })
      .end(reply);
  });
  const { url, stop } = await listenOnLoopback(server);
  closers.push(stop);
  return url;
}

const stepsEach = 60;

/** Three users at work by way of `url`, one of whom leaves midway; then what is found of it, and what was wrong on the way. */
async function play(url: string): Promise<{ findings: Finding[]; flaws: string[] }> {
  const { body } = await service.call('GET', '/counter');
  const counter = new CounterLedger(body.visitCount);
  const join = async (): Promise<UserJournal> => new UserJournal(await service.signUp());
  const flaws: string[] = [];
  const seats = await Promise.all(
    [0, 1].map(async (index) => {
      const shared = { random: randomFrom(7 + index), counter };
      const [first, successor] = [await join(), await join()];
      let step = 0;
      const seat = index === 0 ? new Seat(first, shared, { successor, isDue: () => step >= stepsEach / 2 }) : new Seat(first, shared);
      for (; step < stepsEach; step += 1) {
        const operation = seat.next();
        const { method, path, headers, body } = operation;
        const answer = await callService(url, method, path, { headers, body }).catch(() => null);
        if (answer === null) {
          operation.lose();
        } else {
          flaws.push(...[settle(operation, { ...answer, headers: Object.fromEntries(answer.headers) })].flatMap((flaw) => flaw ?? []));
        }
      }
      return seat;
    }),
  );
  const journal = { users: seats.map(({ occupant }) => occupant), leavers: seats.flatMap(({ left }) => left ?? []), counter };
  return { findings: await checkInvariants(url, journal, { alone: true, erasurePatienceMs: 1_000 }), flaws };
}

const broken = (findings: readonly Finding[]): string[] => findings.filter(({ violations }) => violations.length > 0).map(({ invariant }) => invariant);

describe('Without a mistake', () => {
  test('nothing is found, and every answer is as it should be', async () => {
    const { findings, flaws } = await play(await meddled(async ({ pass }) => pass()));

    expect(flaws).toEqual([]);
    expect(findings.flatMap(({ violations }) => violations)).toEqual([]);
    expect(findings.map(({ extent }) => Number(extent.split(' ')[0]))).not.toContain(0);
  });

  test('nothing is found where answers, and whole requests, were lost', async () => {
    const random = randomFrom(11);
    let lost = 0;
    let playing = true;
    const url = await meddled(async ({ method, path, pass }) => {
      // The check itself signs in first: from then on nothing is lost.
      playing &&= !(path === '/auth/login' && lost > 10);
      const fate = playing && method !== 'GET' ? random() : 1;
      lost += fate < 0.3 ? 1 : 0;
      const answer = fate < 0.1 ? null : await pass();
      return fate < 0.3 ? null : answer;
    });

    const { findings } = await play(url);

    expect(lost).toBeGreaterThan(10);
    expect(findings.flatMap(({ violations }) => violations)).toEqual([]);
  });
});

describe('A planted mistake is found:', () => {
  const isList = ({ method, path }: Passing): boolean => method === 'GET' && /^\/users\/[^/]+\/todos/.test(path);
  const is =
    (wanted: string, route: RegExp) =>
    ({ method, path }: Passing): boolean =>
      method === wanted && route.test(path);
  /** The first that applies of each path, so that it meets those who stay as well as who leaves. */
  const first = (applies: (passing: Passing) => boolean): ((passing: Passing) => boolean) => {
    const met = new Set<string>();
    return (passing) => {
      const now = applies(passing) && !met.has(passing.path);
      met.add(now ? passing.path : '');
      return now;
    };
  };
  const unkeyed = ({ headers }: Passing): Record<string, string> => {
    const { 'idempotency-key': _, ...others } = headers as Record<string, string>;
    return others;
  };
  const contents = 'What was acknowledged is there, once, and nothing else';
  const counts = 'Dashboards equal a recount by listing';
  const counter = 'The counter equals the acknowledged hits';
  const leavers = 'Who left has left nothing';

  test.each<[string, string[], () => Meddle]>([
    [
      'a todo that gets lost',
      [contents],
      () => {
        const lose = first(is('POST', /^\/users\/[^/]+\/todos$/));
        return async (passing) => {
          const answer = await passing.pass();
          if (lose(passing)) {
            await callService(service.url, 'DELETE', `/todos/${answer.body.id}`, { headers: { Authorization: String(passing.headers.authorization) } });
          }
          return answer;
        };
      },
    ],
    [
      'a creation that is carried out twice',
      [contents],
      () => {
        const twice = first(is('POST', /^\/users\/[^/]+\/todos$/));
        return async (passing) => {
          if (twice(passing)) {
            await passing.pass(unkeyed(passing));
          }
          return passing.pass();
        };
      },
    ],
    [
      'a change that does not last',
      [contents],
      () => async (passing) => {
        const answer = await passing.pass();
        return isList(passing) ? { ...answer, body: { ...answer.body, items: answer.body.items.map((todo: object) => ({ ...todo, version: 1 })) } } : answer;
      },
    ],
    [
      'a dashboard that miscounts',
      [counts],
      () => async (passing) => {
        const { status, body } = await passing.pass();
        return is('GET', /^\/dashboard/)(passing) && status === 200
          ? { status, body: { ...body, todos: { ...body.todos, done: body.todos.done + 1 } } }
          : { status, body };
      },
    ],
    [
      'a hit that counts twice',
      [counter],
      () => {
        const twice = first(is('POST', /^\/counter$/));
        return async (passing) => {
          if (twice(passing)) {
            await passing.pass(unkeyed(passing));
          }
          return passing.pass();
        };
      },
    ],
    [
      'a hit that does not count',
      [counter],
      () => {
        const swallow = first(is('POST', /^\/counter$/));
        return async (passing) => (swallow(passing) ? { status: 200, body: { counterId: 'main_counter', visitCount: 1, lastUpdated: null } } : passing.pass());
      },
    ],
    [
      'a deletion that deletes nothing',
      [leavers],
      () => async (passing) => (is('DELETE', /^\/users\//)(passing) ? { status: 204, body: undefined } : passing.pass()),
    ],
    [
      'todos that stay when their user goes',
      [leavers],
      () => {
        const gone = new Set<string>();
        return async (passing) => {
          const id = passing.path.split(/[/?]/)[2] ?? '';
          if (is('DELETE', /^\/users\//)(passing)) {
            gone.add(id);
          }
          const answer = await passing.pass();
          return isList(passing) && gone.has(id) ? { status: 200, body: { items: [{ id: 'orphan' }], nextCursor: null } } : answer;
        };
      },
    ],
  ])('%s', async (_, expected, meddle) => {
    const { findings } = await play(await meddled(meddle()));

    expect(broken(findings)).toEqual(expected);
  });
});

describe('Mirrors', () => {
  /** Two devices of one user that write in turns by way of a proxy, and what is found of them. */
  async function mirror(meddle: Meddle): Promise<readonly string[]> {
    const user = await MirrorUser.signIn(await meddled(meddle), await service.signUp(), randomFrom(5));
    for (let step = 0; step < 30; step += 1) {
      const device = user.devices[step % 2];
      await device?.mirror.refresh();
      user.write(device!.mirror);
    }
    const { violations } = await checkMirrors([user]);
    await user.close();
    return violations;
  }

  test('equal the list', async () => {
    expect(await mirror(async ({ pass }) => pass())).toEqual([]);
  });

  test('that a feed leaves deletions out for are found', async () => {
    const violations = await mirror(async ({ path, pass }) => {
      const answer = await pass();
      const isFeed = /^\/users\/[^/]+\/changes/.test(path) && answer.status === 200;
      return isFeed
        ? { ...answer, body: { ...answer.body, changes: answer.body.changes.filter(({ state }: { state: string }) => state === 'present') } }
        : answer;
    });

    expect(violations).toContainEqual(expect.stringMatching(/the mirror shows \d+ todos, and not what the list does/));
  });
});
