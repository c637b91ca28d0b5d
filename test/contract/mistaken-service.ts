import { createServer, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { listenOnLoopback, type LoopbackServer } from '../support/loopback.js';
import { type ReceivedAnswer, type SentRequest, send } from './wire.js';

/** An answer on its way to the client, for a mistake to spoil. */
export interface PassingAnswer {
  status: number;
  readonly headers: Headers;
  text: string;
}

/** What a service with one mistake does differently from the real one behind it. */
export interface Mistake {
  /** Changes a request before the real service sees it. */
  readonly request?: (request: SentRequest) => SentRequest;
  /** Answers in the real service's place. */
  readonly instead?: (request: SentRequest) => PassingAnswer | undefined;
  /** Spoils an answer of the real service. */
  readonly answer?: (answer: PassingAnswer, request: SentRequest) => void;
}

/** A service with one mistake: the real one behind a proxy that makes it. */
export type MistakenService = LoopbackServer;

/** Starts one on a free loopback port; without a mistake it passes everything on as it is. */
export async function startMistakenService(realUrl: string, mistake: Mistake = {}): Promise<MistakenService> {
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const request = await requestOf(incoming);
      const answer = mistake.instead?.(request) ?? passing(await send(realUrl, mistake.request?.(request) ?? request));
      mistake.answer?.(answer, request);
      // Its length is what the text is now.
      answer.headers.delete('Content-Length');
      answer.headers.delete('Transfer-Encoding');
      outgoing.writeHead(answer.status, [...answer.headers].flat());
      outgoing.end(answer.text);
    })();
  });
  return listenOnLoopback(server);
}

// What is between this client and this proxy only, and what fetch sends by itself.
const ownHeaders = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'keep-alive',
  'accept-encoding',
  'sec-fetch-mode',
  'user-agent',
  'accept',
  'accept-language',
]);

async function requestOf(incoming: IncomingMessage): Promise<SentRequest> {
  const body = await buffer(incoming);
  const headers = Object.entries(incoming.headers).filter((header): header is [string, string] => !ownHeaders.has(header[0]) && typeof header[1] === 'string');
  const method = incoming.method ?? 'GET';
  return { method, path: incoming.url ?? '/', headers: Object.fromEntries(headers), body: body.length === 0 ? undefined : body };
}

function passing({ status, headers, text }: ReceivedAnswer): PassingAnswer {
  return { status, headers: new Headers(headers), text };
}
