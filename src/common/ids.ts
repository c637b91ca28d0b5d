import { v7 } from 'uuid';
import * as z from 'zod';

/** A new UUIDv7 (RFC 9562) and the instant in it, now if none is given (milliseconds), so that ids sort exactly as creation times do. */
export function newId(at?: number): { id: string; createdAt: string } {
  const id = at === undefined ? v7() : v7({ msecs: at });
  return { id, createdAt: new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)).toISOString() };
}

/** Stands for the caller's own id wherever a user's id stands in a path. */
export const ownIdAlias = 'me';

/** A UUID in a path or body, in its canonical lower case. */
export const idSchema = z
  .uuid('must be a UUID')
  .overwrite((id) => id.toLowerCase())
  .meta({ format: 'uuid', example: '019e3a5c-7b1e-7c3a-9d52-3f8f6f0a1b2c' });

/** A user's id in a path. {@link ownIdAlias} never gets past the access guard, which puts the caller's id in its place. */
export const userIdSchema = z
  .union([z.literal(ownIdAlias), idSchema], 'must be a UUID, or `me` for your own')
  .meta({ description: 'A user’s id, or `me` for your own.', example: ownIdAlias });
