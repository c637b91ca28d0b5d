import type { FieldProblem } from '../errors/errors.js';
import { escapePointer } from '../text/text.js';

const stringOrStructure = /"(?:[^"\\]|\\.)*"|[{}[\],]/g;

/** An object or an array that the scan is in. */
interface Level {
  /** The names met so far; an array has none. */
  readonly names: Set<string> | undefined;
  /** Where in it the scan is: a name, or an index. */
  at: string | number;
  /** Whether the next string is a name. */
  expectsName: boolean;
}

/**
 * Finds a name that stands twice in one object of a JSON text, which must be valid JSON. Parsers do not agree on what it means (RFC 8259, section 4), and
 * `JSON.parse` keeps the last without a word.
 */
export function findRepeatedName(json: string): FieldProblem | undefined {
  const levels: Level[] = [];
  for (const [token] of json.matchAll(stringOrStructure)) {
    const level = levels.at(-1);
    if (token === '{') {
      levels.push({ names: new Set(), at: '', expectsName: true });
    } else if (token === '[') {
      levels.push({ names: undefined, at: 0, expectsName: false });
    } else if (token === '}' || token === ']') {
      levels.pop();
    } else if (token === ',' && level !== undefined) {
      level.expectsName = level.names !== undefined;
      level.at = typeof level.at === 'number' ? level.at + 1 : level.at;
    } else if (level?.names !== undefined && level.expectsName) {
      // Two spellings of one name (`"a"`, `"\u0061"`) are the same name.
      const name = JSON.parse(token) as string;
      level.at = name;
      level.expectsName = false;
      if (level.names.has(name)) {
        return { pointer: levels.map(({ at }) => `/${escapePointer(String(at))}`).join(''), detail: 'stands twice in one object' };
      }
      level.names.add(name);
    }
  }
  return undefined;
}
