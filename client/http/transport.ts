import { DuetConnectionError, type ConnectionFailure, type DuetError, DuetProblemError, type FailedCall } from './errors.js';
import { type Effect, isRepeatable, pause, retryAfterMs, type RetryPolicy, unlessAborted, waitBefore } from './retry.js';
import type { Problem } from '../types.js';

/** A request as text, so that it can be sent more than once. */
export interface Outgoing {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly body: string | undefined;
  readonly signal: AbortSignal;
}

/** One attempt, whole: for logs. It holds tokens and passwords as they were sent. */
export interface Exchange {
  readonly attempt: number;
  readonly method: string;
  readonly url: string;
  readonly requestHeaders: Headers;
  readonly requestBody: string | undefined;
  readonly durationMs: number;
  /** What came; undefined when nothing did. */
  readonly status?: number;
  readonly responseHeaders?: Headers;
  readonly responseBody?: string;
  readonly error?: unknown;
}

export interface TransportOptions extends RetryPolicy {
  readonly baseUrl: string;
  readonly timeoutMs: number;
  readonly fetch: typeof globalThis.fetch;
  readonly onExchange: (exchange: Exchange) => void;
}

/** What is special about a request. */
export interface SendOptions {
  /** It does no harm to send it twice, whatever its method says. */
  readonly repeatable?: boolean;
  /** The longest an attempt may take, where that is less than usual. */
  readonly timeoutMs?: number;
  /** Whether the body of an error status is an answer here, not an error. */
  readonly isAnswer?: (body: object) => boolean;
  /** An earlier attempt may have been carried out. */
  readonly uncertain?: boolean;
}

/** What came of an attempt that gave no result. */
interface Failure {
  readonly effect: Effect;
  /** Whether another attempt could fare better. */
  readonly passing: boolean;
  readonly retryAfterMs?: number;
  error(call: FailedCall): DuetError;
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** The request as it will be sent. */
export async function outgoing(request: Request): Promise<Outgoing> {
  const { method, url, headers, signal } = request;
  const text = await request.text();
  return { method, url, headers, body: text === '' ? undefined : text, signal };
}

/** Sends requests: within a time, again where that is safe, and with errors that say what to do. */
export class Transport {
  constructor(private readonly options: TransportOptions) {}

  /**
   * The answer, whole, and one of Duet's.
   *
   * @throws DuetProblemError; DuetConnectionError; the signal's reason.
   */
  async send(request: Outgoing, special: SendOptions = {}): Promise<Response> {
    const { retries, longestWaitMs } = this.options;
    const repeatable = special.repeatable ?? isRepeatable(request.method, request.headers);
    let uncertain = special.uncertain ?? false;
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.attempt(request, special, attempt);
      if (outcome instanceof Response) {
        return outcome;
      }
      uncertain ||= outcome.effect === 'unknown' && !isRead(request.method);
      const wait = waitBefore(attempt, this.options, outcome.retryAfterMs);
      const again = outcome.passing && (repeatable || outcome.effect === 'none') && attempt <= retries && wait <= longestWaitMs;
      if (!again) {
        const { method, url, headers } = request;
        throw outcome.error({ method, url, uncertain, idempotencyKey: headers.get('Idempotency-Key') ?? undefined });
      }
      await pause(wait, request.signal);
    }
  }

  private async attempt(request: Outgoing, special: SendOptions, attempt: number): Promise<Response | Failure> {
    const { method, url, headers, body } = request;
    const timeoutMs = Math.min(this.options.timeoutMs, special.timeoutMs ?? Infinity);
    const startedAt = performance.now();
    const exchange = (rest: Partial<Exchange>): void =>
      this.options.onExchange({ attempt, method, url, requestHeaders: headers, requestBody: body, durationMs: performance.now() - startedAt, ...rest });
    const timer = new AbortController();
    const timeout = setTimeout(() => timer.abort(), timeoutMs);
    try {
      const answer = await unlessAborted(request.signal, async (aborted) => {
        aborted.catch(() => timer.abort());
        return this.exchange(request, timer.signal);
      });
      exchange({ status: answer.status, responseHeaders: answer.headers, responseBody: answer.text });
      return judge(answer, request, special.isAnswer);
    } catch (error) {
      exchange({ error });
      request.signal.throwIfAborted();
      return timer.signal.aborted ? timedOut(timeoutMs) : unreachable(error, this.options.baseUrl);
    } finally {
      clearTimeout(timeout);
    }
  }

  // The body belongs to the attempt: a reply that breaks off half-way, or hangs, is a lost one.
  private async exchange({ method, url, headers, body }: Outgoing, signal: AbortSignal): Promise<Answer> {
    // Taken out of its object: a browser's fetch refuses any other `this` than its window.
    const { fetch } = this.options;
    // Duet never redirects; and a POST that is redirected comes back as a GET.
    const response = await fetch(url, { method, headers, body, signal, redirect: 'manual' });
    return { status: response.status, headers: response.headers, text: await response.text() };
  }
}

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** Takes Duet's answers for what they are, and everything else for something that is in the way. */
function judge({ status, headers, text }: Answer, request: Outgoing, isAnswer: (body: object) => boolean = () => false): Response | Failure {
  // Accepted: what is done about it later has no body now.
  if (status === 204 || status === 304 || (status === 202 && text === '')) {
    return new Response(null, { status, headers });
  }
  const mediaType = headers.get('Content-Type')?.split(';')[0]?.trim() ?? 'no content type';
  const json = parsed(mediaType, text);
  if ((status >= 200 && status < 300) || (json !== undefined && isAnswer(json))) {
    return json === undefined ? notDuet(status, mediaType, request) : new Response(text, { status, headers });
  }
  if (status < 200 || (status >= 300 && status < 400)) {
    return redirected(headers.get('Location'), request);
  }
  const asked = retryAfterMs(headers);
  if (mediaType === 'application/problem+json' && isProblem(json)) {
    return { effect: effectOf(status), passing: isPassing(status), retryAfterMs: asked, error: (call) => new DuetProblemError(json, call, asked) };
  }
  return isPassing(status) ? inTheWay(status, mediaType, request, asked) : notDuet(status, mediaType, request);
}

/** The object that Duet's bodies all are. */
function parsed(mediaType: string, text: string): object | undefined {
  try {
    const json: unknown = /^application\/(.+\+)?json$/i.test(mediaType) ? JSON.parse(text) : undefined;
    return typeof json === 'object' && json !== null ? json : undefined;
  } catch {
    // Named JSON, and is not: the same error as for any other foreign answer.
    return undefined;
  }
}

function isProblem(json: object | undefined): json is Problem {
  return json !== undefined && 'code' in json && typeof json.code === 'string' && 'status' in json && typeof json.status === 'number';
}

/** Whether a later attempt may fare better (RFC 9110, section 15; RFC 6585, section 4). */
function isPassing(status: number): boolean {
  return status === 429 || status === 502 || status === 503 || status === 504;
}

function effectOf(status: number): Effect {
  return status >= 500 ? 'unknown' : 'none';
}

function notDuet(status: number, mediaType: string, { url }: Outgoing): Failure {
  const effect = status >= 400 && status < 500 ? 'none' : 'unknown';
  return failure('not_duet', effect, `${url} answered ${status} with ${mediaType}, which is not Duet's: check baseUrl, its host, port and base path.`);
}

function redirected(location: string | null, { url }: Outgoing): Failure {
  return failure(
    'not_duet',
    'none',
    `${url} redirects${location === null ? '' : ` to ${location}`}, which Duet never does: use the address it leads to as baseUrl.`,
  );
}

function inTheWay(status: number, mediaType: string, { url }: Outgoing, asked?: number): Failure {
  const message = `${new URL(url).origin} answered ${status} with ${mediaType}: something in front of Duet cannot reach it now. Try again later, or ask its operator.`;
  return { ...failure('unavailable', effectOf(status), message), passing: true, retryAfterMs: asked };
}

function timedOut(timeoutMs: number): Failure {
  const message = `No answer came within ${timeoutMs} ms: check the network and that the service is well (GET /health), or raise timeoutMs.`;
  return { ...failure('timeout', 'unknown', message), passing: true };
}

function unreachable(error: unknown, baseUrl: string): Failure {
  const code = codeOf(error);
  const message = `Duet cannot be reached at ${baseUrl}${code === undefined ? '' : ` (${code})`}: ${hintFor(code)}`;
  return { ...failure('unreachable', neverSent.test(code ?? '') ? 'none' : 'unknown', message, error), passing: true };
}

function failure(reason: ConnectionFailure, effect: Effect, message: string, cause?: unknown): Failure {
  return { effect, passing: false, error: (call) => new DuetConnectionError(reason, message, call, { cause }) };
}

// Browsers do not tell why a connection failed; Node does, in the cause's code. Without one, nothing is taken for granted.
const neverSent = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT)$/;

function codeOf(error: unknown): string | undefined {
  const cause = typeof error === 'object' && error !== null && 'cause' in error ? error.cause : undefined;
  return typeof cause === 'object' && cause !== null && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined;
}

function hintFor(code = ''): string {
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return 'its host has no address. Check the spelling of baseUrl, and the network.';
  }
  if (/CERT|SIGNATURE/.test(code)) {
    return 'its certificate does not hold. Check the host in baseUrl, and the clock of this machine.';
  }
  if (/SSL|TLS/.test(code)) {
    return 'it does not speak TLS there. Check http or https, and the port, in baseUrl.';
  }
  return 'check that it runs, that baseUrl has the right host and port, and the network.';
}
