/** A request as it goes over the wire. */
export interface SentRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

/** An answer as it came over the wire. */
export interface ReceivedAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Sends a request to the service at `url`, as it is: no header is added, no redirect followed. */
export async function send(url: string, { method, path, headers, body }: SentRequest): Promise<ReceivedAnswer> {
  const response = await fetch(url + path, { method, headers, redirect: 'manual', ...(body && { body: new Uint8Array(body) }) });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** The JSON of an answer; undefined when it has none or it cannot be read. */
export function jsonOf({ headers, text }: ReceivedAnswer): unknown {
  if (!/[/+]json\b/.test(headers.get('Content-Type') ?? '')) {
    return undefined;
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** A long text is of no use in a message. */
const longestShown = 2_000;

/** The request as a command line to try it with; the token is left to the reader. */
export function curlOf(url: string, { method, path, headers, body }: SentRequest): string {
  const fields = Object.entries(headers).map(
    ([name, value]) => `-H ${quoted(name === 'Authorization' ? 'Authorization: Bearer $TOKEN' : `${name}: ${value}`)}`,
  );
  const text = body?.toString() ?? '';
  const data = body === undefined ? [] : [`--data-binary ${text.length > longestShown ? `@- # ${body.length} bytes: ${text.slice(0, 60)}…` : quoted(text)}`];
  return ['curl -si -X', method, quoted(url + path), ...fields, ...data].join(' ');
}

// $TOKEN is for the shell to fill in; control characters would be lost in a terminal, and bash's $'…' can write them.
function quoted(text: string): string {
  if (text.includes('$TOKEN')) {
    return `"${text}"`;
  }
  if (/\p{Cc}/u.test(text)) {
    const escaped = text
      .replace(/[\\']/g, String.raw`\$&`)
      .replace(/\p{Cc}/gu, (control) => String.raw`\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`);
    return `$'${escaped}'`;
  }
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
