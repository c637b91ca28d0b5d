import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request as httpRequest, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One call of the SDK on its way to DynamoDB. */
export interface WireCall {
  /** `GetItem` and the like. */
  readonly operation: string;
  readonly input: Record<string, unknown>;
}

/** Stands between the SDK and the local DynamoDB, and may change what is asked and look at what is answered. */
export interface WireProxy {
  readonly endpoint: string;
  stop(): Promise<void>;
}

/** What a {@link WireProxy} does with a call: `forward` sends the input it is given and resolves with the parsed answer. */
export type OnCall = (call: WireCall, forward: (input: Record<string, unknown>) => Promise<Record<string, unknown>>) => Promise<unknown>;

/** Starts a proxy before `target` on a free loopback port. Answers pass through as they are. */
export async function startWireProxy(target: string, onCall: OnCall): Promise<WireProxy> {
  const agent = new Agent({ keepAlive: true });
  const server: Server = createServer((request, response) => {
    void (async () => {
      const input = JSON.parse((await bytesOf(request)).toString('utf8') || '{}') as Record<string, unknown>;
      const operation = String(request.headers['x-amz-target']).replace(/^.*\./, '');
      let answered = false;
      await onCall({ operation, input }, async (changed) => {
        const body = Buffer.from(JSON.stringify(changed));
        const { host: _host, 'content-length': _length, 'accept-encoding': _encoding, ...headers } = request.headers;
        const sent = httpRequest(target, { method: 'POST', agent, headers: { ...headers, 'content-length': body.length } });
        sent.end(body);
        const [answer] = (await once(sent, 'response')) as [IncomingMessage];
        const bytes = await bytesOf(answer);
        answered = true;
        response.writeHead(answer.statusCode ?? 500, { ...answer.headers, 'content-length': bytes.length }).end(bytes);
        return JSON.parse(bytes.toString('utf8') || '{}') as Record<string, unknown>;
      });
      if (!answered) {
        response.destroy();
      }
    })().catch((error: unknown) => response.destroy(error as Error));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      agent.destroy();
      await once(server, 'close');
    },
  };
}

async function bytesOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}
