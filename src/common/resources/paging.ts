import * as z from 'zod';

/** The query parameter `limit` of every list. */
export const limitSchema = limitOf(25);

/** A query parameter `limit` with another default. */
export function limitOf(initial: number) {
  return (
    z
      .string()
      .regex(/^([1-9]\d?|100)$/, 'must be a whole number from 1 to 100')
      .transform(Number)
      .default(initial)
      // In a URL everything is text; published is the number that it means.
      .meta({ type: 'integer', pattern: undefined, minimum: 1, maximum: 100, default: initial, description: 'How many at most.' })
  );
}

/** The query parameter `cursor` of every list. */
export const cursorSchema = z.string().max(2_000).optional().meta({ description: '`nextCursor` of the page before.' });

/** A page's `nextCursor`. */
export const nextCursorSchema = z.string().nullable().meta({ description: 'Send it as `cursor` for what follows; null exactly when nothing does.' });

/** A page as the stores give it: `next` is the position to go on from, null exactly when nothing follows. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

/** An ALB takes 1 MB of a Lambda function's answer: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html */
const pageBytes = 1_000_000;
/** What stands around the items: their names, and a cursor. */
const envelopeBytes = 4_000;
/** How long a page's items are looked for, in milliseconds. */
const readingMs = 1_200;

/**
 * A page in the making. It ends at its limit, before its body would pass a million bytes, or when the time for reading is up, whichever is first;
 * but it takes one item at least, so that a list always gets on.
 */
export class PageBuilder<T> {
  private readonly taken: T[] = [];
  private readonly endsAt = performance.now() + readingMs;
  private bytes = envelopeBytes;

  constructor(private readonly limit: number) {}

  get items(): readonly T[] {
    return this.taken;
  }

  /** How many more items the limit allows. */
  get room(): number {
    return this.limit - this.taken.length;
  }

  get timeIsUp(): boolean {
    return performance.now() >= this.endsAt;
  }

  /** Adds an item; false when the page has no place for it, and then it is the first of the next. */
  add(item: T): boolean {
    const bytes = Buffer.byteLength(JSON.stringify(item)) + 1;
    if (this.room === 0 || (this.taken.length > 0 && this.bytes + bytes > pageBytes)) {
      return false;
    }
    this.taken.push(item);
    this.bytes += bytes;
    return true;
  }
}
