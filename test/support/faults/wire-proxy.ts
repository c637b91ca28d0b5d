import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request as httpRequest } from 'node:http';
import { buffer, text } from 'node:stream/consumers';
import { listenOnLoopback } from '../loopback.js';

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
  const server = createServer((request, response) => {
    void (async () => {
      const input = JSON.parse((await text(request)) || '{}') as Record<string, unknown>;
      const operation = String(request.headers['x-amz-target']).replace(/^.*\./, '');
      let answered = false;
      await onCall({ operation, input }, async (changed) => {
        const body = Buffer.from(JSON.stringify(changed));
        const { host: _host, 'content-length': _length, 'accept-encoding': _encoding, ...headers } = request.headers;
        const sent = httpRequest(target, { method: 'POST', agent, headers: { ...headers, 'content-length': body.length } });
        sent.end(body);
        const [answer] = (await once(sent, 'response')) as [IncomingMessage];
        const bytes = await buffer(answer);
        answered = true;
        response.writeHead(answer.statusCode ?? 500, { ...answer.headers, 'content-length': bytes.length }).end(bytes);
        return JSON.parse(bytes.toString('utf8') || '{}') as Record<string, unknown>;
      });
      if (!answered) {
        response.destroy();
      }
    })().catch((error: unknown) => response.destroy(error as Error));
  });
  // An idle connection that it closed just as the SDK takes it would fail a call that is not to be tried again.
  server.keepAliveTimeout = 0;
  const { url: endpoint, stop } = await listenOnLoopback(server);
  return {
    endpoint,
    stop: async () => {
      await stop();
      agent.destroy();
    },
  };
}
