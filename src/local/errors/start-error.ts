/** A start that cannot work, and is not a defect: one line says what to do. */
export class StartError extends Error {
  override readonly name = 'StartError';
}
