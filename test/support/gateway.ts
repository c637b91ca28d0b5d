import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { v7 } from 'uuid';
import type { EventAdapter } from '../../src/platform/http-events/event-adapter.js';
import { type HttpEvent, requestOf, resultOf } from '../../src/platform/http-events/http-event.js';
import { httpApiEvent } from './lambda-events.js';
import { listenOnLoopback, type LoopbackServer } from './loopback.js';

/** What a gateway, not the function, says of the connection. */
const ofTheConnection = new Set(['connection', 'keep-alive', 'transfer-encoding']);

/** Stands before an adapter as API Gateway does: each request becomes an event of payload 2.0, and each result an answer. */
export async function startGateway(adapter: EventAdapter): Promise<LoopbackServer> {
  const server = createServer((request, response) => {
    void (async () => {
      const { method = '', url = '', headers, socket } = request;
      const [path = '', ...query] = url.split('?');
      const body = await buffer(request);
      const event = httpApiEvent({
        method,
        path,
        query: query.join('?'),
        headers: Object.fromEntries(
          Object.entries(headers)
            .filter(([name]) => !ofTheConnection.has(name))
            .map(([name, value]) => [name, String(value)]),
        ),
        ...(body.length > 0 && { body, base64: true }),
        sourceIp: socket.remoteAddress,
      }) as HttpEvent;
      const result = resultOf(event, await adapter.serve(requestOf(event, { awsRequestId: v7() }, undefined)));
      response.writeHead(result.statusCode, { ...result.headers, ...(result.cookies && { 'set-cookie': [...result.cookies] }) });
      response.end(Buffer.from(result.body, result.isBase64Encoded ? 'base64' : 'utf8'));
    })().catch((error: unknown) => response.destroy(error as Error));
  });
  return listenOnLoopback(server);
}
