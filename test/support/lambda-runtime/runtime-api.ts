import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** An event on its way to a function, and the ids it is given. */
export interface Invocation {
  readonly event: unknown;
  readonly requestId: string;
  readonly traceId: string;
  readonly functionArn: string;
  /** Milliseconds until Lambda would end it. */
  readonly timeoutMs: number;
}

/** How an invocation ended: the handler's result, or the error it threw as the runtime client reports it. */
export interface Outcome {
  readonly result?: unknown;
  readonly error?: RuntimeError;
  /** From when the function was given the event until its answer had arrived, in milliseconds. */
  readonly ms: number;
}

/** An error as the runtime client reports it. */
export interface RuntimeError {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
}

interface Waiting extends Invocation {
  givenAt: number;
  readonly settle: (outcome: Outcome) => void;
  readonly fail: (error: Error) => void;
}

const prefix = '/2018-06-01/runtime/';

/**
 * Lambda's Runtime API for one environment, on a loopback port: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html. The function asks
 * for its next event and posts what came of it.
 */
export class RuntimeApi {
  /** Resolves with the time (`performance.now()`) at which the function first asked for an event; rejects when its start failed. */
  readonly ready: Promise<number>;
  private readonly queue: Waiting[] = [];
  private readonly running = new Map<string, Waiting>();
  private asking: ServerResponse | undefined;
  private isReady!: (at: number) => void;
  private startFailed!: (error: Error) => void;

  private constructor(private readonly server: Server) {
    this.ready = new Promise((resolve, reject) => {
      this.isReady = resolve;
      this.startFailed = reject;
    });
    // The failure reaches a caller that waits for the start; none has to.
    this.ready.catch(() => undefined);
  }

  static async start(): Promise<RuntimeApi> {
    const server = createServer();
    server.keepAliveTimeout = 0;
    const api = new RuntimeApi(server);
    server.on('request', (request, response) => void api.answer(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return api;
  }

  /** For AWS_LAMBDA_RUNTIME_API. */
  get address(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async invoke(invocation: Invocation): Promise<Outcome> {
    return new Promise((settle, fail) => {
      this.queue.push({ ...invocation, givenAt: 0, settle, fail });
      this.giveNext();
    });
  }

  /** The environment has ended: what is waiting fails, with this reason. */
  abandon(reason: Error): void {
    this.startFailed(reason);
    for (const { fail } of [...this.queue.splice(0), ...this.running.values()]) {
      fail(reason);
    }
    this.running.clear();
  }

  async stop(): Promise<void> {
    this.server.close();
    this.server.closeAllConnections();
    await once(this.server, 'close');
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').startsWith(prefix) ? (request.url ?? '').slice(prefix.length) : '';
    if (request.method === 'GET' && path === 'invocation/next') {
      this.isReady(performance.now());
      this.asking = response;
      this.giveNext();
      return;
    }
    const body = await textOf(request);
    const [, requestId = '', kind] = /^invocation\/([^/]+)\/(response|error)$/.exec(path) ?? [];
    const invocation = this.running.get(decodeURIComponent(requestId));
    if (invocation !== undefined) {
      const ms = performance.now() - invocation.givenAt;
      this.running.delete(invocation.requestId);
      response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"OK"}');
      invocation.settle(kind === 'response' ? { result: JSON.parse(body), ms } : { error: JSON.parse(body) as RuntimeError, ms });
      return;
    }
    if (path === 'init/error') {
      response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"OK"}');
      const { errorType, errorMessage } = JSON.parse(body) as RuntimeError;
      this.startFailed(new Error(`The function did not start: ${errorType}: ${errorMessage}`));
      return;
    }
    response.writeHead(404, { 'content-type': 'application/json' }).end(`{"errorMessage":"The Runtime API has no ${path}"}`);
  }

  private giveNext(): void {
    const next = this.asking === undefined ? undefined : this.queue.shift();
    if (this.asking === undefined || next === undefined) {
      return;
    }
    const response = this.asking;
    this.asking = undefined;
    this.running.set(next.requestId, next);
    const body = Buffer.from(JSON.stringify(next.event));
    next.givenAt = performance.now();
    response
      .writeHead(200, {
        'content-type': 'application/json',
        'content-length': body.length,
        'lambda-runtime-aws-request-id': next.requestId,
        'lambda-runtime-deadline-ms': Date.now() + next.timeoutMs,
        'lambda-runtime-invoked-function-arn': next.functionArn,
        'lambda-runtime-trace-id': next.traceId,
      })
      .end(body);
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}
