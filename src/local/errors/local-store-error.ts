/** A local store cannot be started or used. The message is one line for the person at the keyboard: what is wrong, and what to do. */
export class LocalStoreError extends Error {
  override readonly name = 'LocalStoreError';
}
