import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, expect, jest } from '@jest/globals';
import { createDuetClient, type DuetClient, type DuetClientOptions, type Exchange, type Session } from '../../client/index.js';
import { listenOnLoopback } from '../support/loopback.js';
import { type SignedUp, startService, type TestService } from '../support/service.js';
import { goodClaims, signToken } from '../support/tokens.js';

/** A client whose attempts can be looked at. */
export interface Watched {
  readonly duet: DuetClient;
  readonly exchanges: Exchange[];
  /** The attempts at requests that begin so. */
  attempts(start: string): Exchange[];
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;
export type Fault = 'lose the reply' | 'lose the request';

/** A real service for the tests of a file, clients of it, and small servers that misbehave, gone after each test. */
export class ClientHarness {
  private running: TestService | undefined;
  private readonly closers: (() => Promise<void>)[] = [];

  constructor() {
    beforeAll(async () => {
      this.running = await startService();
    });
    afterEach(async () => {
      jest.restoreAllMocks();
      await Promise.all(this.closers.splice(0).map(async (close) => close()));
    });
    afterAll(async () => this.running?.stop());
  }

  get service(): TestService {
    if (this.running === undefined) {
      throw new Error('The service runs only while tests do');
    }
    return this.running;
  }

  /** Has something closed after the test. */
  closeAfterTest(close: () => Promise<void>): void {
    this.closers.push(close);
  }

  /** A server of this handler alone. */
  readonly serve = async (handler: Handler): Promise<string> => {
    const { url, stop } = await listenOnLoopback(createServer(handler));
    this.closers.push(stop);
    return url;
  };

  /** A server that gives these answers one after the other, the last one forever. */
  readonly answering = async (...answers: { status: number; headers?: Record<string, string>; body?: string }[]): Promise<string> => {
    let next = 0;
    return this.serve((_, response) => {
      const { status, headers = {}, body = '' } = answers[Math.min(next++, answers.length - 1)]!;
      response.writeHead(status, headers).end(body);
    });
  };

  /** Passes a request on to the service, and its reply back. */
  readonly forward = (request: IncomingMessage, response: ServerResponse, onReply?: (reply: IncomingMessage) => void): void => {
    const onward = httpRequest(this.service.url + request.url, { method: request.method, headers: request.headers }, (reply) => {
      if (onReply !== undefined) {
        onReply(reply);
        return;
      }
      response.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.pipe(response);
    });
    request.pipe(onward);
  };

  /** A way to the service that loses the first request which matches, or its reply; `meanwhile` happens then. */
  readonly lossy = async (
    fault: Fault,
    matches: (request: IncomingMessage) => boolean,
    meanwhile: () => Promise<unknown> = async () => {},
  ): Promise<string> => {
    let done = false;
    return this.serve((request, response) => {
      const lose = !done && matches(request);
      done ||= lose;
      const drop = (): void => void meanwhile().finally(() => request.socket.destroy());
      if (lose && fault === 'lose the request') {
        request.resume().on('end', drop);
        return;
      }
      this.forward(request, response, lose ? (reply) => void reply.resume().on('end', drop) : undefined);
    });
  };

  readonly client = (options: Partial<DuetClientOptions> = {}): Watched => {
    const exchanges: Exchange[] = [];
    const onExchange = (exchange: Exchange): void => void exchanges.push(exchange);
    const duet = createDuetClient({ baseUrl: this.service.url, retryDelayMs: 5, timeoutMs: 5_000, onExchange, ...options });
    const named = ({ method, url }: Exchange): string => `${method} ${new URL(url).pathname}`;
    return { duet, exchanges, attempts: (start) => exchanges.filter((exchange) => named(exchange).startsWith(start)) };
  };

  /** A client for a new user. */
  readonly signedIn = async (options: Partial<DuetClientOptions> = {}): Promise<Watched> =>
    this.client({ session: sessionOf(await this.service.signUp()), ...options });

  /** A session whose access token ran out an hour ago. */
  readonly spentSession = async (): Promise<Session> => {
    const user = await this.service.signUp();
    const past = Math.floor(Date.now() / 1000) - 3_600;
    return { ...sessionOf(user), accessToken: signToken(this.service.config.auth.jwtSecret ?? '', { ...goodClaims(user.id), iat: past - 900, exp: past }) };
  };
}

export const sessionOf = ({ id, accessToken, refreshToken }: SignedUp): Session => ({ userId: id, accessToken, refreshToken });

export const withMethod =
  (name: string) =>
  (request: IncomingMessage): boolean =>
    request.method === name;
export const withPath =
  (url: string) =>
  (request: IncomingMessage): boolean =>
    request.url === url;

/** What a call that has to fail fails with. */
export async function failureOf(call: Promise<unknown>): Promise<any> {
  return call.then(
    (value) => expect(value).toBe('a failure'),
    (error: unknown) => error,
  );
}

export const problemHeaders = { 'Content-Type': 'application/problem+json' };

/** The body of a problem. */
export function problem(status: number, code: string): string {
  return JSON.stringify({ type: `urn:duet:problem:${code}`, title: 'A problem', status, detail: 'Something.', code, requestId: 'r-1' });
}
