import * as z from 'zod';
import { boundedText, visibleText } from '../../common/text/text.js';
import { idSchema } from '../../common/ids.js';
import { cursorSchema, limitSchema, nextCursorSchema } from '../../common/resources/paging.js';
import { passwordLength } from '../credentials/password-rules.js';
import { findTimeZone, timeZonePattern } from './time-zone.js';

// HTML's own rule for e-mail fields, with a dot in the domain and none doubled: what mail servers take, short of quoted names.
const emailPattern =
  /^(?!\.)(?!.*\.[.@])[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])$/;
/** An e-mail that is to be an account's. */
export const emailSchema = z
  .string()
  .max(254, 'must be at most 254 characters long')
  .regex(emailPattern, 'must be an e-mail address')
  .meta({ format: 'email', example: 'ada@example.com' });
const name = visibleText(1, 200).meta({ example: 'Ada Lovelace' });
const timeZone = z
  .string()
  .refine((name) => findTimeZone(name) !== undefined, { error: 'must be the IANA name of a time zone, such as Europe/Berlin', abort: true })
  .overwrite((name) => findTimeZone(name) ?? name)
  .meta({ description: 'The IANA name of a time zone, in any case; it is kept in its own.', pattern: timeZonePattern.source, example: 'Europe/Berlin' });
/** A password that is to be an account's. */
export const newPasswordSchema = boundedText(passwordLength.min, passwordLength.max).meta({
  description: 'Neither the e-mail nor the name.',
  format: 'password',
  writeOnly: true,
  example: 'correct horse battery staple',
});
const instant = z.string().meta({ format: 'date-time', example: '2026-11-20T09:30:00.000Z' });

/** A user for examples. */
export const exampleUser = {
  id: '019e3a5c-7b1e-7c3a-9d52-3f8f6f0a1b2c',
  email: 'ada@example.com',
  emailVerified: true,
  name: 'Ada Lovelace',
  timeZone: 'Europe/Berlin',
  role: 'user',
  createdAt: '2026-11-20T09:30:00.000Z',
  updatedAt: '2026-11-20T09:30:00.000Z',
  version: 1,
};

/** A user as published. */
export const userSchema = z
  .object({
    id: idSchema,
    email: z.string().meta({ format: 'email', example: 'ada@example.com' }),
    emailVerified: z.boolean().meta({ description: 'Whether the link was followed that was sent there.' }),
    name: z.string().meta({ example: 'Ada Lovelace' }),
    timeZone: z.string().meta({ description: 'The IANA name of a time zone.', example: 'Europe/Berlin' }),
    role: z.enum(['user', 'admin']).meta({ description: '`admin` may read everyone’s; only an operator grants it.' }),
    createdAt: instant,
    updatedAt: instant,
    version: z.int().min(1).meta({ description: 'The entity tag without its quotes.', example: 1 }),
  })
  .meta({ id: 'User', description: 'A profile; never the password, nor its hash.', example: exampleUser });

/** The body of `POST /users`. */
export const registrationSchema = z
  .strictObject({ email: emailSchema, name, password: newPasswordSchema, timeZone: timeZone.default('UTC') })
  .meta({ id: 'Registration' });

export type Registration = z.output<typeof registrationSchema>;

/** The body of `PATCH /users/{id}`: a merge patch in which nothing can be removed. */
export const userPatchSchema = z
  .strictObject({
    email: emailSchema.optional(),
    name: name.optional(),
    timeZone: timeZone.optional(),
    password: newPasswordSchema.optional(),
    currentPassword: z.string().min(1).max(1024).optional().meta({ description: 'Needed for a new password or e-mail.', format: 'password', writeOnly: true }),
  })
  .meta({ id: 'UserPatch', example: { name: 'Ada King', timeZone: 'Europe/London' } });

export type UserPatch = z.output<typeof userPatchSchema>;

/** The query of `GET /users`. */
export const userListQuerySchema = z.strictObject({
  limit: limitSchema,
  cursor: cursorSchema,
});

export type UserListQuery = z.output<typeof userListQuerySchema>;

/** One page of users. */
export const userListSchema = z
  .object({
    items: z.array(userSchema),
    nextCursor: nextCursorSchema,
  })
  .meta({ id: 'UserList', example: { items: [exampleUser], nextCursor: null } });

export type UserList = z.output<typeof userListSchema>;
