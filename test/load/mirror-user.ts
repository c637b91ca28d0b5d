import { setTimeout as sleep } from 'node:timers/promises';
import { createDuetClient, type DuetClient, type Exchange } from '../../client/index.js';
import { memoryStorage, type Mirror } from '../../client/mirror/index.js';
import { inTurns, type Finding } from './invariants.js';
import type { Credentials } from './journal.js';
import type { Sample } from './fire.js';

const pollMs = 1_000;
const settlingMs = 60_000;
const uuid = /[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/g;

/** A user with two devices, as the app is one: each writes into its mirror, and follows what the other does. */
export class MirrorUser {
  readonly devices: { readonly duet: DuetClient; readonly mirror: Mirror }[] = [];
  private isWorking = false;
  private work: Promise<unknown> = Promise.resolve();
  private onExchange: (exchange: Exchange) => void = () => {};

  private constructor(
    private readonly email: string,
    private readonly random: () => number,
  ) {}

  /** Signs in on both. */
  static async signIn(url: string, { email, password }: Pick<Credentials, 'email' | 'password'>, random: () => number): Promise<MirrorUser> {
    const user = new MirrorUser(email, random);
    for (let device = 0; device < 2; device += 1) {
      const duet = createDuetClient({ baseUrl: url, onExchange: (exchange) => user.onExchange(exchange) });
      await duet.signIn({ email, password });
      user.devices.push({ duet, mirror: duet.mirror({ storage: memoryStorage(), pollMs }) });
    }
    return user;
  }

  /** Begins to write, about once a second on each device; `onExchange` is given each request. */
  begin(onExchange: (exchange: Exchange) => void): void {
    this.onExchange = onExchange;
    this.isWorking = true;
    this.work = Promise.all(
      this.devices.map(async ({ mirror }) => {
        while (this.isWorking) {
          await sleep(500 + this.random() * 1_000);
          this.write(mirror);
        }
      }),
    );
  }

  async end(): Promise<void> {
    this.isWorking = false;
    this.onExchange = () => {};
    await this.work;
  }

  write(mirror: Mirror): void {
    const { todos } = mirror.getSnapshot();
    const todo = todos[Math.floor(this.random() * todos.length)];
    const choice = this.random();
    if (todo === undefined || choice < 0.4) {
      mirror.create({ title: `Call number ${Math.floor(this.random() * 1_000)}` });
    } else if (choice < 0.7) {
      mirror.patch(todo.id, { status: todo.status === 'done' ? 'open' : 'done' });
    } else if (choice < 0.85) {
      mirror.delete(todo.id);
    } else {
      mirror.batch(todos.slice(0, 5).map(({ id }) => ({ op: 'patch', id, patch: { priority: 'high' } })));
    }
  }

  /** What the mirrors show other than the list does, once nothing waits. */
  async differences(): Promise<string[]> {
    for (const { mirror } of this.devices) {
      const patience = performance.now() + settlingMs;
      do {
        await mirror.refresh();
        mirror.getSnapshot().conflicts.forEach(({ id }) => mirror.resolve(id, 'theirs'));
      } while ((mirror.getSnapshot().status !== 'current' || mirror.getSnapshot().pending.length > 0) && performance.now() < patience);
    }
    // Once more, for what the second one wrote last.
    await Promise.all(this.devices.map(async ({ mirror }) => mirror.refresh()));
    const items = (await this.devices[0]?.duet.todos.list({ limit: 100 }).take(Infinity)) ?? [];
    // A version is one state of a todo.
    const named = (todos: readonly { readonly id: string; readonly version: number }[]): string => todos.map(({ id, version }) => `${id} ${version}`).join();
    return this.devices.flatMap(({ mirror }, index) => {
      const { todos, pending, rejected, status, failure } = mirror.getSnapshot();
      const device = `${this.email}, device ${index + 1}`;
      return [
        ...(named(todos) === named(items) ? [] : [`${device}: the mirror shows ${todos.length} todos, and not what the list does`]),
        ...(pending.length === 0 && status === 'current' ? [] : [`${device}: ${pending.length} writes wait, and it is ${status}: ${failure}`]),
        ...rejected.map(({ problem }) => `${device}: a write was rejected with ${problem.code}`),
      ];
    });
  }

  async close(): Promise<void> {
    await Promise.all(this.devices.map(async ({ mirror }) => mirror.close()));
  }
}

/** A request of a mirror as a sample of the load; a conflict is none of its errors. */
export function sampleOf({ method, url, durationMs, status }: Exchange, atMs: number): Sample {
  const isExpected = status !== undefined && (status < 400 || status === 404 || status === 412);
  return {
    atMs,
    route: `${method} ${new URL(url).pathname.replace(uuid, '{id}')}`,
    ms: status === undefined ? undefined : durationMs,
    error: isExpected ? undefined : status === undefined ? 'no answer came' : `status ${status}`,
  };
}

/** The promise of the mirrors, held against the list. */
export async function checkMirrors(users: readonly MirrorUser[]): Promise<Finding> {
  const violations = (await inTurns(users, async (user) => user.differences())).flat();
  return { invariant: 'Every mirror equals the list', extent: `${users.length * 2} mirrors`, violations };
}
