/**
 * Whether an error carries one of these system error codes, such as `ENOENT`. Does not ask for an instance of `Error`:
 * under jest, Node's own errors are of another realm's class.
 */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string' && codes.includes(error.code);
}

/** The first line of what went wrong, for messages that must stay on one line. */
export function reasonOf(error: unknown): string {
  const { message, code } = (typeof error === 'object' && error !== null ? error : { message: String(error) }) as { message?: unknown; code?: unknown };
  // A failed connection to a name with several addresses has a code only.
  const text = [message, code].find((part): part is string => typeof part === 'string' && part !== '') ?? 'unknown error';
  return text.trim().split('\n', 1)[0] ?? '';
}
