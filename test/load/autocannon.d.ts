/** What the load tests use of autocannon 9, which brings no types of its own: https://github.com/mcollina/autocannon#api */
declare module 'autocannon' {
  import type { EventEmitter } from 'node:events';

  export interface Request {
    readonly method?: string;
    readonly path?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
    /** Called just before each sending. */
    readonly setupRequest?: (request: Request) => Request;
    readonly onResponse?: (status: number, body: string, context: unknown, headers: Readonly<Record<string, string | string[]>>) => void;
  }

  export interface Options {
    readonly url: string;
    readonly connections: number;
    /** Seconds. */
    readonly duration: number;
    /** Seconds without an answer after which a request is given up. */
    readonly timeout: number;
    /** Requests a second of each connection. */
    readonly connectionRate?: number;
    readonly requests: readonly Request[];
  }

  /** Emits each answer (`response`: client, status, bytes, milliseconds) and of each failure without one (`reqError`). */
  export interface Instance extends EventEmitter {
    stop(): void;
  }

  export default function autocannon(options: Options, done: (error: Error | null) => void): Instance;
}
