import type { Exchange } from '../index.js';

/** An exchange as it may be shown: parsed, and without what only the user may know. */
export interface ShownExchange {
  readonly request: string;
  readonly attempt: number;
  readonly key: string | undefined;
  readonly ifMatch: string | undefined;
  readonly body: unknown;
  readonly status: number | undefined;
  readonly etag: string | undefined;
  readonly requestId: string | undefined;
  readonly answer: unknown;
  readonly durationMs: number;
}

const secrets = new Set(['password', 'currentPassword', 'accessToken', 'refreshToken', 'token']);

/** Shows an exchange; secrets become `…`. */
export function shown(exchange: Exchange, baseUrl: string): ShownExchange {
  const { method, url, attempt, requestHeaders, requestBody, status, responseHeaders, responseBody, durationMs } = exchange;
  return {
    request: `${method} ${url.startsWith(baseUrl) ? url.slice(baseUrl.length) || '/' : url}`,
    attempt,
    key: requestHeaders.get('Idempotency-Key') ?? undefined,
    ifMatch: requestHeaders.get('If-Match') ?? undefined,
    body: readable(requestBody),
    status,
    etag: responseHeaders?.get('ETag') ?? undefined,
    requestId: responseHeaders?.get('X-Request-Id') ?? undefined,
    answer: readable(responseBody),
    durationMs: Math.round(durationMs),
  };
}

function readable(body: string | undefined): unknown {
  if (body === undefined || body === '') {
    return undefined;
  }
  try {
    return JSON.parse(body, (name, value: unknown) => (secrets.has(name) ? '…' : value));
  } catch {
    // Not JSON, so not Duet's: enough of it to see what it is.
    return body.slice(0, 300);
  }
}

/** Writes for people; with colours where they can be seen. */
export class Paint {
  constructor(private readonly colours: boolean) {}

  readonly good = (text: string): string => this.in(32, text);
  readonly bad = (text: string): string => this.in(31, text);
  readonly faint = (text: string): string => this.in(2, text);
  readonly strong = (text: string): string => this.in(1, text);

  private in(code: number, text: string): string {
    return this.colours ? `\u001B[${code}m${text}\u001B[0m` : text;
  }
}

/** Text from elsewhere, made harmless: a terminal obeys control characters. */
export function printable(value: string): string {
  return value.replaceAll(/\p{Cc}/gu, '·');
}

/** An exchange in two lines or more, indented below its step. */
export function exchangeLines(exchange: ShownExchange, paint: Paint): string {
  const { request, attempt, key, ifMatch, body, status, etag, answer, durationMs } = exchange;
  const conditions = [key && `Idempotency-Key: ${key}`, ifMatch && `If-Match: ${ifMatch}`, attempt > 1 && `attempt ${attempt}`].filter(Boolean);
  const lines = [
    `→ ${[request, ...conditions].join('  ')}`,
    ...jsonLines(body),
    `← ${status ?? 'nothing came'}${etag === undefined ? '' : `  ETag: ${etag}`}  ${durationMs} ms`,
    ...jsonLines(answer),
  ];
  return lines.map((line) => paint.faint(`       ${printable(line)}\n`)).join('');
}

function jsonLines(value: unknown): string[] {
  return value === undefined
    ? []
    : JSON.stringify(value, null, 2)
        .split('\n')
        .map((line) => `  ${line}`);
}
