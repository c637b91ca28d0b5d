import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll } from '@jest/globals';
import { runCli } from '../../../client/cli/program.js';
import type { World } from '../../../client/cli/world.js';
import { listenOnLoopback } from '../../support/loopback.js';
import { startService, type TestService } from '../../support/service.js';

/** What a run of the command line came to. */
export interface Played {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

type Options = Partial<Pick<World, 'terminal' | 'progressTerminal' | 'environment' | 'interruption' | 'askPassword'> & { url: string }>;

export const password = 'correct horse battery staple';

/** The command line in this process against a real service, with a session file of its own. */
export class CommandLineHarness {
  folder = '';
  private running: TestService | undefined;
  private readonly closers: (() => Promise<void>)[] = [];

  constructor() {
    beforeAll(async () => {
      [this.running, this.folder] = await Promise.all([startService(), mkdtemp(join(tmpdir(), 'duet-command-line-'))]);
    });
    afterEach(async () => void (await Promise.all(this.closers.splice(0).map(async (close) => close()))));
    afterAll(async () => {
      await this.running?.stop();
      await rm(this.folder, { recursive: true });
    });
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

  readonly play = async (args: readonly string[], options: Options = {}): Promise<Played> => {
    const { url = this.service.url, terminal = false, progressTerminal = false, environment = {}, askPassword } = options;
    let [out, err] = ['', ''];
    const code = await runCli({
      args,
      environment: { DUET_URL: url, DUET_SESSION_FILE: join(this.folder, 'session.json'), DUET_PASSWORD: password, ...environment },
      terminal,
      progressTerminal,
      out: (text) => void (out += text),
      err: (text) => void (err += text),
      askPassword,
      interruption: options.interruption ?? new AbortController().signal,
    });
    return { code, out, err };
  };

  /** The result of a command that goes well, as data. */
  readonly data = async (...args: string[]): Promise<any> => {
    const { code, out, err } = await this.play([...args, '--json']);
    if (code !== 0 || err !== '') {
      throw new Error(`duet ${args.join(' ')} ended with ${code}: ${err}${out}`);
    }
    return JSON.parse(out);
  };

  readonly serve = async (handler: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> => {
    const { url, stop } = await listenOnLoopback(createServer(handler));
    this.closers.push(stop);
    return url;
  };

  /** The service, but for the answers that `alter` makes different; the requests that came are in `seen`. */
  readonly altered = async (alter: (request: string, body: any) => unknown): Promise<{ url: string; seen: string[] }> => {
    const seen: string[] = [];
    const url = await this.serve((request, response) => {
      const name = `${request.method} ${request.url}`;
      seen.push(name);
      const onward = httpRequest(this.service.url + request.url, { method: request.method, headers: request.headers }, (reply) => {
        let text = '';
        reply.setEncoding('utf8');
        reply.on('data', (chunk) => (text += chunk));
        reply.on('end', () => {
          const { 'content-length': _, ...headers } = reply.headers;
          const body = text === '' ? undefined : alter(name, JSON.parse(text));
          response.writeHead(reply.statusCode ?? 502, headers).end(body === undefined ? undefined : JSON.stringify(body));
        });
      });
      request.pipe(onward);
    });
    return { url, seen };
  };
}
