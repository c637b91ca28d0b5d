/** A sign-in as its user sees it. */
export interface Session {
  readonly id: string;
  readonly createdAt: string;
  /** When it was last refreshed; before that, when it began. */
  readonly lastUsedAt: string;
  /** The beginning of the browser's or program's own name for itself; null when it gave none. */
  readonly userAgent: string | null;
  /** Whether it is the one that asks. */
  readonly current: boolean;
}

/** How much of a user agent is kept, in code points. */
const maxUserAgent = 100;

/** What is kept of a `User-Agent` header: its beginning, without control characters; null for none. */
export function shortUserAgent(header: string | undefined): string | null {
  const visible = (header ?? '').replaceAll(/\p{Cc}/gu, ' ').trim();
  return visible === '' ? null : Array.from(visible).slice(0, maxUserAgent).join('');
}
