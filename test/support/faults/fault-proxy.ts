import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Picks requests: by the bytes sent since the last reply, and by the request before on the same connection (empty for the first). */
export type PickRequest = (request: Buffer, previous: Buffer) => boolean;

/** Which replies to lose: a share of all (0 to 1), or those to certain requests. */
export type LostReplies = number | PickRequest;

/**
 * A TCP proxy that does to a connection what networks, failovers and thaws do. It takes turns for what they are in HTTP without
 * pipelining and in PostgreSQL's protocol: what the client sends is a request, what then comes back is its reply.
 */
export interface FaultProxy {
  readonly port: number;
  /** How many replies were lost so far. */
  readonly repliesLost: number;
  /** How many connections were taken so far. */
  readonly connectionsTaken: number;
  /** Resets every connection and refuses new ones. */
  cut(): Promise<void>;
  /** Ends every fault but for the connections that were cut or silenced: those stay as they are. */
  restore(): Promise<void>;
  /** Resets every connection; new ones are fine. */
  resetAll(): void;
  /** Keeps connections open and carries nothing: those that are open now, or also those to come (they are taken, and get no answer). */
  blackHole(which: 'open' | 'all'): void;
  /** Holds back each piece of a reply for so long. */
  delay(ms: number): void;
  /** Lets requests reach the server, and resets the client's connection instead of carrying the reply. The same seed loses the same turns. */
  dropReplies(which: LostReplies, seed?: number): void;
  /** Sends `last` in the same piece as the first reply that `which` holds for, and ends that connection. */
  endWith(last: Buffer, which: (reply: Buffer) => boolean): void;
  /**
   * Holds the first request that `which` holds for before the server has it, or its reply before the client has it, and from then on all else, too:
   * the client stays at this very step. Resolves when it is there. Only that a connection ends is still carried.
   */
  holdAt(what: 'request' | 'reply', which: PickRequest): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a proxy on a free loopback port before the server at `host` and `port`. */
export async function startFaultProxy(target: { readonly host: string; readonly port: number }): Promise<FaultProxy> {
  const proxy = new TcpFaultProxy(target);
  await proxy.restore();
  return proxy;
}

/** One client's connection and the one to the server behind it. */
interface Link {
  readonly client: Socket;
  readonly server?: Socket;
  silent: boolean;
}

class TcpFaultProxy implements FaultProxy {
  port = 0;
  repliesLost = 0;
  connectionsTaken = 0;
  private listener: Server | undefined;
  private readonly links = new Set<Link>();
  private swallowing = false;
  private delayMs = 0;
  private isLost: PickRequest = () => false;
  private ending: { readonly last: Buffer; readonly which: (reply: Buffer) => boolean } | undefined;
  private holding = false;
  private hold: { readonly what: 'request' | 'reply'; readonly which: PickRequest; readonly reached: () => void } | undefined;

  constructor(private readonly target: { readonly host: string; readonly port: number }) {}

  async cut(): Promise<void> {
    const { listener } = this;
    this.listener = undefined;
    const closed = new Promise<void>((resolve) => (listener === undefined ? resolve() : listener.close(() => resolve())));
    this.resetAll();
    await closed;
  }

  async restore(): Promise<void> {
    this.swallowing = false;
    this.delayMs = 0;
    this.isLost = () => false;
    this.ending = undefined;
    this.holding = false;
    this.hold = undefined;
    if (this.listener === undefined) {
      // The client may send its last word and close while a reply is on the way: half-open sockets are ours to end.
      const listener = createServer({ allowHalfOpen: false }, (client) => this.take(client));
      await new Promise<void>((resolve, reject) => {
        listener.once('error', reject);
        listener.listen(this.port, '127.0.0.1', resolve);
      });
      this.port = (listener.address() as AddressInfo).port;
      this.listener = listener;
    }
  }

  resetAll(): void {
    for (const link of this.links) {
      this.reset(link);
    }
  }

  blackHole(which: 'open' | 'all'): void {
    this.swallowing = which === 'all';
    for (const link of this.links) {
      link.silent = true;
    }
  }

  delay(ms: number): void {
    this.delayMs = ms;
  }

  dropReplies(which: LostReplies, seed = 1): void {
    const random = randomFrom(seed);
    this.isLost = typeof which === 'number' ? () => random() < which : which;
  }

  endWith(last: Buffer, which: (reply: Buffer) => boolean): void {
    this.ending = { last, which };
  }

  async holdAt(what: 'request' | 'reply', which: PickRequest): Promise<void> {
    return new Promise((resolve) => (this.hold = { what, which, reached: resolve }));
  }

  async stop(): Promise<void> {
    await this.cut();
  }

  /** Whether nothing is carried from now on, because the step that was asked for has come. */
  private holds(what: 'request' | 'reply', request: Buffer, previous: Buffer): boolean {
    if (!this.holding && this.hold?.what === what && this.hold.which(request, previous)) {
      this.holding = true;
      this.hold.reached();
    }
    return this.holding;
  }

  private take(client: Socket): void {
    this.connectionsTaken += 1;
    client.on('error', () => undefined).setNoDelay();
    if (this.swallowing) {
      const link: Link = { client, silent: true };
      this.links.add(link);
      client.on('close', () => this.links.delete(link)).resume();
      return;
    }
    const server = connect(this.target.port, this.target.host).setNoDelay();
    const link: Link = { client, server, silent: false };
    this.links.add(link);
    server.on('error', () => undefined);

    let request: Buffer[] = [];
    let previous: Buffer = Buffer.alloc(0);
    client.on('data', (data) => {
      if (!link.silent) {
        request.push(data);
        if (!this.holds('request', Buffer.concat(request), previous)) {
          server.write(data);
        }
      }
    });
    let replies = Promise.resolve();
    server.on('data', (data) => {
      const asked = Buffer.concat(request);
      request = [];
      if (link.silent || this.holds('reply', asked, previous)) {
        return;
      }
      // A reply may come in several pieces: with its first the turn is decided.
      if (asked.length > 0 && this.isLost(asked, previous)) {
        this.repliesLost += 1;
        link.silent = true;
        this.reset(link);
        return;
      }
      if (asked.length > 0) {
        previous = asked;
      }
      if (this.ending?.which(data)) {
        client.end(Buffer.concat([data, this.ending.last]));
        this.ending = undefined;
        return;
      }
      const { delayMs } = this;
      replies = replies.then(async () => {
        if (delayMs > 0) {
          await sleep(delayMs);
        }
        if (!link.silent && !this.holding) {
          client.write(data);
        }
      });
    });
    client.on('close', () => {
      // To the server a silenced connection looks alive: nothing comes through, not even its end.
      if (!link.silent) {
        server.end();
        this.links.delete(link);
      }
    });
    server.on('close', () => {
      void replies.then(() => {
        if (!link.silent) {
          client.end();
        }
      });
      if (!link.silent) {
        this.links.delete(link);
      }
    });
  }

  private reset(link: Link): void {
    link.client.resetAndDestroy();
    // The server still finishes what it has been sent; a closed connection is all it learns.
    link.server?.destroy();
    this.links.delete(link);
  }
}

/** Random numbers of [0, 1) that are the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
