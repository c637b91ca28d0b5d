import { findTextProblem, type TextProblem } from './text/text.js';

/** The longest number looked at, in characters: more than any that DynamoDB can hold needs. */
const longestNumber = 200;

// Up to 15 digits survive without an exponent (IEEE 754 binary64), so most bodies need no closer look.
const suspicious = /[\d.]{16}|\d[eE]/;
const stringOrNumber = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const mark = String.raw`"\u0000"`;

/**
 * Finds a number in JSON text that parsing alters, such as 9007199254740993 or 1e999, so that it can be refused rather than stored as
 * another one. The text must be valid JSON without NUL in its strings. Node 20 cannot tell what a number's text was, hence by hand.
 */
export function findAlteredNumber(json: string): TextProblem | undefined {
  if (!suspicious.test(json)) {
    return undefined;
  }
  const marked = json.replace(stringOrNumber, (token) => (token.startsWith('"') || survivesParsing(token) ? token : mark));
  // The marks are the only NULs, so the walk that looks for those finds the first.
  const found = marked === json ? undefined : findTextProblem(JSON.parse(marked));
  return found && { pointer: found.pointer, detail: 'is a number that cannot be kept exactly: send it as a string' };
}

function survivesParsing(token: string): boolean {
  return token.length <= longestNumber && decimalOf(token) === decimalOf(String(Number(token)));
}

/** The value of a decimal number, written in one way only: its significant digits and a power of ten. The sign is left out. */
function decimalOf(text: string): string {
  const match = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (match === null) {
    return text;
  }
  const [, whole = '', fraction = '', exponent = '0'] = match;
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  return significant === '' ? '0' : `${significant}e${Number(exponent) - fraction.length + digits.length - significant.length}`;
}
