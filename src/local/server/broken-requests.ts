import { STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { v7 } from 'uuid';
import type { ErrorCode } from '../../common/errors/error-catalogue.js';
import { DuetError } from '../../common/errors/errors.js';
import { problemBody, problemMediaType } from '../../common/errors/problem.js';

/** Called for every request that could not be read as HTTP, once it has been answered. */
export type BrokenRequestListener = (requestId: string, answered: DuetError) => void;

type Meaning = readonly [code: ErrorCode, detail?: string];

const malformed: Meaning = ['request.malformed', 'The request is not valid HTTP.'];
// The codes for which Node itself would not answer 400: https://nodejs.org/docs/latest-v20.x/api/http.html#event-clienterror
const meanings: Readonly<Record<string, Meaning>> = {
  HPE_HEADER_OVERFLOW: ['request.header_too_large'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['request.too_large', 'The chunk extensions are too long.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['request.timeout'],
};

/** How long a client may take to read such an answer and to close, in milliseconds. */
const closePatienceMs = 1_000;

/** Answers with a problem where Node would with a bare status line: what its parser refuses reaches no middleware. */
export function answerBrokenRequests(server: Server, onBroken: BrokenRequestListener): void {
  const latest = new WeakMap<object, ServerResponse>();
  const seen = new WeakSet<object>();
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => void latest.set(request.socket, response));
  // A server may ignore an expectation that it does not know (RFC 9110, section 10.1.1); Node would answer a bare 417.
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => void server.emit('request', request, response));
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (seen.has(socket)) {
      return;
    }
    const response = latest.get(socket);
    const answering = response !== undefined && response.headersSent && !response.writableEnded;
    if (error.code === 'ECONNRESET' || !socket.writable || answering) {
      socket.destroy();
      return;
    }
    // What the client still sends keeps arriving, and keeps being an error.
    seen.add(socket);
    const answered = new DuetError(...(meanings[error.code ?? ''] ?? malformed));
    const requestId = v7();
    socket.end(answerText(answered, requestId));
    setTimeout(() => socket.destroy(), closePatienceMs).unref();
    onBroken(requestId, answered);
  });
}

function answerText(error: DuetError, requestId: string): string {
  const body = JSON.stringify(problemBody(error, requestId));
  return [
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status] ?? ''}`,
    `Date: ${new Date().toUTCString()}`,
    'Connection: close',
    `Content-Type: ${problemMediaType}; charset=utf-8`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'X-Content-Type-Options: nosniff',
    `X-Request-Id: ${requestId}`,
    '',
    body,
  ].join('\r\n');
}
