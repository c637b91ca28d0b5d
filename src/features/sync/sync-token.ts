import { decodeCursor, encodeCursor } from '../../common/resources/cursor.js';
import { InvalidCursorError } from '../../common/errors/errors.js';
import type { FeedPosition } from '../todos/lists/change-feed.js';

/** Where a client stands in the change feed. */
export interface SyncToken extends FeedPosition {
  /** When the client last held the whole list, or began to read it; milliseconds. It needs the markers of what has gone since. */
  readonly completeAt: number;
}

/** Makes the opaque token of a user's client. */
export function encodeSyncToken({ after, goneAfter, completeAt }: SyncToken, userId: string): string {
  return encodeCursor([after, goneAfter, completeAt].join(' '), bindingOf(userId));
}

/** @throws InvalidCursorError when the token is damaged, or another user's. Anyone can make one, so what is in it is checked. */
export function decodeSyncToken(token: string, userId: string): SyncToken {
  const position = decodeCursor(token, bindingOf(userId), 'since');
  if (!/^\d{1,15} \d{1,15} \d{1,15}$/.test(position)) {
    throw new InvalidCursorError('since');
  }
  const [after = 0, goneAfter = 0, completeAt = 0] = position.split(' ').map(Number);
  return { after, goneAfter, completeAt };
}

function bindingOf(userId: string): readonly unknown[] {
  return ['changes', userId];
}
