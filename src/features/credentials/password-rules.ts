import { readFileSync } from 'node:fs';
import { memoize } from '../../common/async.js';

/** Minimum and maximum length of a new password, in code points (NIST SP 800-63B-4, section 3.1.1.2). */
export const passwordLength = { min: 15, max: 128 } as const;

/** Whose password it is to be. */
export interface PasswordOwner {
  readonly email: string;
  readonly name: string;
}

// The file names its source and licence. It is read where a password is set, and only there.
const commonPasswords = memoize(async () => new Set(readFileSync(new URL('../../../common-passwords.txt', import.meta.url), 'utf8').split('\n')));

/** Why a new password would be among the first guesses; undefined for one that would not (OWASP ASVS 5.0, 6.2.4 and 6.2.11). */
export async function findWeakness(password: string, { email, name }: PasswordOwner): Promise<string | undefined> {
  const guess = folded(password);
  if ([email, name].some((text) => folded(text) === guess)) {
    return 'must be neither the e-mail nor the name';
  }
  if (isRepeated(guess)) {
    return 'must not be made by repeating a part of it';
  }
  if (isCounted(guess)) {
    return 'must not be made by counting on, or along a row of the keyboard';
  }
  return (await commonPasswords()).has(guess) ? 'must not be one of the passwords that are used most' : undefined;
}

/** Whether a text is a part of it over and over, twice at the least; the last time may be cut short. */
function isRepeated(text: string): boolean {
  const characters = Array.from(text);
  // The prefix function of Knuth, Morris and Pratt: how much of the beginning each position repeats.
  const repeats: number[] = [0];
  for (let position = 1, length = 0; position < characters.length; position += 1) {
    while (length > 0 && characters[position] !== characters[length]) length = repeats[length - 1] ?? 0;
    if (characters[position] === characters[length]) length += 1;
    repeats.push(length);
  }
  return characters.length - (repeats.at(-1) ?? 0) <= characters.length / 2;
}

/** How many of a text's steps must be regular for it to be counted: in ordinary words it is a fifth of them. */
const regularShare = 0.75;
const keyboardRows = ['1234567890', 'qwertyuiop', 'asdfghjkl', 'zxcvbnm', 'qwertzuiop', 'yxcvbnm', 'azertyuiop'];

/** Whether most steps of a text go to the same character, the one before or after it, or its neighbour on the keyboard. */
function isCounted(text: string): boolean {
  const characters = Array.from(text);
  const regular = characters.slice(1).filter((character, position) => isRegularStep(characters[position] ?? '', character));
  return regular.length >= regularShare * (characters.length - 1);
}

function isRegularStep(from: string, to: string): boolean {
  const step = (to.codePointAt(0) ?? 0) - (from.codePointAt(0) ?? 0);
  return Math.abs(step) <= 1 || keyboardRows.some((row) => row.includes(from + to) || row.includes(to + from));
}

function folded(text: string): string {
  return text.normalize('NFC').trim().toLowerCase();
}
