/** A local store cannot be started or used. The message is one line for the person at the keyboard: what is wrong, and what to do. */
export class LocalStoreError extends Error {
  override readonly name = 'LocalStoreError';
}

/** Whether an error carries one of these system error codes, such as `ENOENT`. */
export function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code);
}

/** The first line of what went wrong, for messages that must stay on one line. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message || ('code' in error ? String(error.code) : error.name) : String(error);
  return text.trim().split('\n', 1)[0] ?? '';
}
