import { STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { v7 } from 'uuid';
import { type Problem, problemBody, problemMediaType } from '../../common/problem.js';

/** Told of every request that could not even be read as HTTP, once it has been answered. */
export type BrokenRequestListener = (requestId: string, problem: Problem) => void;

const malformed: Problem = { status: 400, code: 'request.malformed', title: 'The request cannot be read', detail: 'The request is not valid HTTP.' };
// The codes for which Node itself would not answer 400: https://nodejs.org/docs/latest-v20.x/api/http.html#event-clienterror
const problems: Readonly<Record<string, Problem>> = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    code: 'request.header_too_large',
    title: 'The header is too large',
    detail: 'The path, the query and the header fields are too long together.',
  },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: 413, code: 'request.too_large', title: 'The body is too large', detail: 'The chunk extensions are too long.' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, code: 'request.timeout', title: 'The request took too long', detail: 'The request did not arrive in time.' },
};

/** How long a client may take to read such an answer and to close, in milliseconds. */
const closePatienceMs = 1_000;

/** Answers with a problem where Node would with a bare status line: what its parser refuses reaches no middleware. */
export function answerBrokenRequests(server: Server, onBroken: BrokenRequestListener): void {
  const latest = new WeakMap<object, ServerResponse>();
  const answered = new WeakSet<object>();
  server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => void latest.set(request.socket, response));
  // A server may ignore an expectation that it does not know (RFC 9110, section 10.1.1); Node would answer a bare 417.
  server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => void server.emit('request', request, response));
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (answered.has(socket)) {
      return;
    }
    const response = latest.get(socket);
    const answering = response !== undefined && response.headersSent && !response.writableEnded;
    if (error.code === 'ECONNRESET' || !socket.writable || answering) {
      socket.destroy();
      return;
    }
    // What the client still sends keeps arriving, and keeps being an error.
    answered.add(socket);
    const problem = problems[error.code ?? ''] ?? malformed;
    const requestId = v7();
    socket.end(answerText(problem, requestId));
    setTimeout(() => socket.destroy(), closePatienceMs).unref();
    onBroken(requestId, problem);
  });
}

function answerText(problem: Problem, requestId: string): string {
  const body = JSON.stringify(problemBody(problem, requestId));
  return [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`,
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
