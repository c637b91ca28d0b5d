/** Not for callers: an item of the todos table that Duet did not write. The message says why it is thought so, without any of its values. */
export class UnknownItemError extends Error {
  override readonly name = 'UnknownItemError';
}
