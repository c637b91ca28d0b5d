import { createHash, timingSafeEqual } from 'node:crypto';
import { InvalidCursorError } from '../errors/errors.js';
import { idSchema } from '../ids.js';

const digestBytes = 12;

/**
 * Makes an opaque cursor of a position in a list.
 *
 * It is bound to `binding` (caller and filters): {@link decodeCursor} refuses it under any other. The digest finds damage and mix-ups;
 * it is no signature, and needs none: the owner in every key read comes from the token, never from the cursor.
 */
export function encodeCursor(position: string, binding: readonly unknown[]): string {
  return Buffer.concat([digest(position, binding), Buffer.from(position)]).toString('base64url');
}

/**
 * The position in a cursor made by {@link encodeCursor} with the same binding; `parameter` is where the query carries it.
 *
 * @throws InvalidCursorError when it is damaged or bound otherwise.
 */
export function decodeCursor(cursor: string, binding: readonly unknown[], parameter = 'cursor'): string {
  const bytes = Buffer.from(cursor, 'base64url');
  const position = bytes.subarray(digestBytes).toString();
  const given = bytes.subarray(0, digestBytes);
  // Decoding is lenient about stray characters; only the exact text that was handed out counts.
  if (given.length !== digestBytes || bytes.toString('base64url') !== cursor || !timingSafeEqual(given, digest(position, binding))) {
    throw new InvalidCursorError(parameter);
  }
  return position;
}

/**
 * The same for a list whose positions are ids. Anyone can make a cursor, so what is in it is checked like any other input.
 *
 * @throws InvalidCursorError also when the position is no id.
 */
export function decodeIdCursor(cursor: string, binding: readonly unknown[]): string {
  const position = decodeCursor(cursor, binding);
  if (!idSchema.safeParse(position).success) {
    throw new InvalidCursorError();
  }
  return position;
}

function digest(position: string, binding: readonly unknown[]): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([position, ...binding.map((part) => part ?? null)]))
    .digest()
    .subarray(0, digestBytes);
}
