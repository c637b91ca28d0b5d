import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Guardian } from '../../../src/local/processes/guardian.js';
import { deadPort } from '../../support/wire.js';
import type { Answer, Call, Forward } from './correction.js';
import { corrections } from './corrections.js';

/** moto (https://docs.getmoto.org) behind corrections that make it as strict and as faithful as AWS is, where that has mattered. */
export interface StandIn {
  readonly url: string;
  /** Every call so far: `service operation`, or `service METHOD path`. */
  readonly calls: string[];
  stop(): Promise<void>;
}

/** Starts `moto_server`, which has to be on the PATH. It runs no function. */
export async function startStandIn(program = 'moto_server'): Promise<StandIn> {
  const port = await deadPort();
  const child = spawn(program, ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  const guardian = new Guardian();
  guardian.watch(child.pid ?? 0);
  const calls: string[] = [];
  const forward: Forward = async (call) => send(port, call);
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const call = await read(incoming);
      calls.push(`${call.service} ${call.operation || `${call.method} ${call.path}`}`);
      const correction = corrections.find(({ matches }) => matches(call));
      const { status, headers, body } = await (correction?.answer(call, forward) ?? forward(call));
      outgoing.writeHead(status, { ...headers, 'content-length': String(body.length) }).end(body);
    })().catch((error: unknown) => outgoing.destroy(error instanceof Error ? error : undefined));
  });
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    server.close();
    child.kill('SIGKILL');
    await ended;
    guardian.forget(child.pid ?? 0);
    await guardian.release();
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  for (const until = performance.now() + 90_000; ; await sleep(200)) {
    // Docker is for running functions, which is not done here.
    const answer = await fetch(`http://127.0.0.1:${port}/moto-api/config`, { method: 'POST', body: '{"lambda": {"use_docker": false}}' }).catch(
      () => undefined,
    );
    if (answer?.ok === true) {
      return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, calls, stop };
    }
    if (performance.now() > until || child.exitCode !== null) {
      await stop();
      throw new Error('moto_server did not start');
    }
  }
}

async function read(incoming: IncomingMessage): Promise<Call> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) {
    chunks.push(chunk as Buffer);
  }
  // Bytes of a package are no text: latin1 gives each back as it was.
  const body = Buffer.concat(chunks).toString('latin1');
  const headers = Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]));
  const [, service = ''] = /Credential=[^/]+\/\d+\/[^/]+\/([^/]+)\//.exec(headers['authorization'] ?? '') ?? [];
  const form = headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true ? new URLSearchParams(body) : undefined;
  const operation = headers['x-amz-target']?.split('.').at(-1) ?? form?.get('Action') ?? '';
  return { service, method: incoming.method ?? 'GET', path: incoming.url ?? '/', operation, headers, body };
}

async function send(port: number, { method, path, headers, body }: Call): Promise<Answer> {
  const payload = Buffer.from(body, 'latin1');
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: '127.0.0.1', port, method, path, headers: { ...headers, 'content-length': String(payload.length) }, agent: false },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.once('error', reject);
        incoming.once('end', () => {
          const { 'transfer-encoding': _chunked, connection: _connection, ...kept } = incoming.headers;
          resolve({
            status: incoming.statusCode ?? 500,
            headers: Object.fromEntries(Object.entries(kept).map(([name, value]) => [name, String(value)])),
            body: Buffer.concat(chunks),
          });
        });
      },
    );
    outgoing.once('error', reject);
    outgoing.end(payload);
  });
}
