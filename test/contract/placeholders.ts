import fc from 'fast-check';
import type { WordedRules } from './values.js';

/**
 * Stand for what is known only when a request is sent: a plan that holds no id of the running service can be sent again, by the same
 * seed or while it shrinks. Each fits the schema of what it stands for.
 */
export const placeholders = {
  ownId: '00000000-0000-4000-8000-000000000001',
  otherId: '00000000-0000-4000-8000-000000000002',
  /** No one's, of no user, todo or record: sent as it is. */
  absentId: '00000000-0000-4000-8000-000000000003',
  ownTodo: '00000000-0000-4000-8000-000000000004',
  otherTodo: '00000000-0000-4000-8000-000000000005',
  ownEmail: 'own@placeholder.example',
  ownPassword: 'the password of the sender',
  ownSession: '00000000-0000-4000-8000-000000000006',
  ownRefreshToken: 'the-refresh-token-of-the-sender',
} as const;

/** A placeholder's name. */
export type Placeholder = keyof typeof placeholders;

/** What the contract says of a new password in words: it is neither the e-mail nor the name. */
export function hardToGuess<T extends Readonly<Record<string, unknown>>>(body: T): T {
  const guess = (text: unknown) => String(text).normalize('NFC').trim().toLowerCase();
  return 'password' in body && guess(body['password']) === guess(body['name']) ? { ...body, name: 'Someone else' } : body;
}

const emoji = '😀';

/** What `openapi.json` says of properties and parameters in words, where a schema cannot. */
export const wordedRules: WordedRules = {
  // It must not be common, repeated or counted on; the last is of 128 code points.
  password: fc.oneof(
    fc.tuple(fc.constantFrom('', emoji, 'ÄΩ ', 'مرحبا '), fc.nat(999_999)).map(([start, number]) => `${start}plum river tango ${number}`),
    fc.constant(Array.from({ length: 32 }, (_, index) => String(1_000 + index * 37)).join('')),
  ),
  // It must be a zone that exists.
  timeZone: fc.constantFrom('UTC', 'Europe/Berlin', 'Asia/Kathmandu', 'America/St_Johns', 'Pacific/Kiritimati', 'Etc/GMT+12'),
  // Filters that find something (world.ts plants it), and ones that do not.
  tag: fc.constantFrom('planted', 'x', emoji.repeat(50), '%00 ${x} <b>', 'مرحبا'),
  q: fc.constantFrom('planted', 'MARK', '-', 'x'.repeat(200), emoji.repeat(200), "';--", '\u202Eabc'),
  // It comes from the page before; stories (stories.ts) follow real ones.
  cursor: fc.constant(undefined),
  since: fc.constant(undefined),
};
