import * as z from 'zod';

/** The length of a text in Unicode code points, as JSON Schema's `maxLength` counts (RFC 8259 strings, draft 2020-12 section 6.3). */
export function codePoints(text: string): number {
  let count = 0;
  // Iterating a string steps over whole code points; `.length` would count UTF-16 units.
  for (const _ of text) count += 1;
  return count;
}

/**
 * A text of `min` to `max` Unicode code points, published as `minLength` and `maxLength`.
 * NUL and lone surrogates never get here: the body reader and the query check refuse them.
 */
export function boundedText(min: number, max: number) {
  return z
    .string()
    .refine((text) => codePoints(text) >= min && codePoints(text) <= max, { error: `must be ${min} to ${max} characters long`, abort: true })
    .meta({ minLength: min, maxLength: max });
}

// Of the characters that show nothing, U+2800 (an empty Braille cell), U+16FE4 (a filler) and U+1D159 (a note without a head) have no property that says so.
const visibleCharacter = /[^\p{White_Space}\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\p{Noncharacter_Code_Point}\u2800\u{16FE4}\u{1D159}]/u;

/** Whether anything of a text can be seen: some character is no white space, no control or format character, and not to be ignored (Unicode, UAX #44). */
export function isVisible(text: string): boolean {
  return visibleCharacter.test(text);
}

/** A name or title: like {@link boundedText}, and with something to see. The published pattern says less, for the sake of tools that know no properties. */
export function visibleText(min: number, max: number) {
  return boundedText(min, max)
    .refine(isVisible, 'must have a visible character')
    .meta({ minLength: min, maxLength: max, pattern: '\\S', description: 'With at least one visible character.' });
}

/** Where and why a value cannot be stored as text, or undefined. */
export interface TextProblem {
  readonly pointer: string;
  readonly detail: string;
}

/** How deep a body may nest: DynamoDB's own limit for documents is 32 levels. */
export const deepestNesting = 32;

// U+D800 to U+DFFF outside a pair; the `u` flag makes a paired one match as its code point instead.
const loneSurrogate = /\p{Surrogate}/u;

/**
 * Walks parsed JSON for what no store may hold: NUL, lone surrogates, nesting past {@link deepestNesting}, and `__proto__` keys.
 * The first found is returned, with its JSON pointer.
 */
export function findTextProblem(value: unknown, pointer = '', depth = 0): TextProblem | undefined {
  if (typeof value === 'string') {
    return textProblem(value, pointer);
  }
  if (typeof value !== 'object' || value === null) {
    return undefined;
  }
  if (depth >= deepestNesting) {
    return { pointer, detail: `is nested deeper than ${deepestNesting} levels` };
  }
  for (const [key, child] of Object.entries(value)) {
    const here = `${pointer}/${escapePointer(key)}`;
    const found =
      key === '__proto__'
        ? { pointer: here, detail: 'is not a name that can be used' }
        : (textProblem(key, pointer) ?? findTextProblem(child, here, depth + 1));
    if (found !== undefined) {
      return found;
    }
  }
  return undefined;
}

function textProblem(text: string, pointer: string): TextProblem | undefined {
  if (text.includes('\0')) {
    return { pointer, detail: 'must not contain the NUL character' };
  }
  return loneSurrogate.test(text) ? { pointer, detail: 'must not contain half of a surrogate pair' } : undefined;
}

/** A key as a JSON pointer's segment (RFC 6901, section 3); what a pointer cannot carry is replaced. */
export function escapePointer(key: string): string {
  return key
    .replaceAll('~', '~0')
    .replaceAll('/', '~1')
    .replaceAll('\0', '\uFFFD')
    .replace(/\p{Surrogate}/gu, '\uFFFD');
}
