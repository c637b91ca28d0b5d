/** The one document a user may keep: whatever attributes the user gives it. Its names are the caller's own, hence the snake case. */
export interface UserRecord {
  readonly user_id: string;
  readonly [attribute: string]: unknown;
}

/** What one creating request came to. */
export interface CreatedRecord {
  readonly record: UserRecord;
  /** Whether this is the stored answer to an earlier request with the same key. */
  readonly replayed: boolean;
}

/** Where and why a value cannot be kept; the path leads into the value. */
export interface Unstorable {
  readonly path: readonly (string | number)[];
  readonly reason: string;
}

// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-data-types
const smallestMagnitude = 1e-130;
const magnitudeLimit = 1e126;
const longestNameBytes = 65_535;

/**
 * Finds the first part of a parsed JSON value that DynamoDB cannot hold as it is: a number out of its range, or an attribute name
 * that is empty or too long. Numbers that parsing has altered, text that no store may hold and deep nesting are refused before, with the body.
 */
export function findUnstorable(value: unknown, path: readonly (string | number)[] = []): Unstorable | undefined {
  if (typeof value === 'number') {
    const magnitude = Math.abs(value);
    return magnitude === 0 || (magnitude >= smallestMagnitude && magnitude < magnitudeLimit)
      ? undefined
      : { path, reason: 'is a number too large or too small to be kept' };
  }
  if (typeof value !== 'object' || value === null) {
    return undefined;
  }
  if (Array.isArray(value)) {
    return firstOf(value.entries(), path);
  }
  const names = Object.keys(value);
  const refused = names.find((name) => nameProblem(name) !== undefined);
  return refused === undefined ? firstOf(Object.entries(value), path) : { path: [...path, refused], reason: nameProblem(refused) ?? '' };
}

/** Why an attribute cannot have this name, or undefined. */
export function nameProblem(name: string): string | undefined {
  if (name === '') {
    return 'must not have an empty name';
  }
  return Buffer.byteLength(name) > longestNameBytes ? `must not have a name longer than ${longestNameBytes} bytes` : undefined;
}

function firstOf(children: Iterable<[string | number, unknown]>, path: readonly (string | number)[]): Unstorable | undefined {
  for (const [key, child] of children) {
    const found = findUnstorable(child, [...path, key]);
    if (found !== undefined) {
      return found;
    }
  }
  return undefined;
}
