/**
 * A maker whose result is made on first use and then shared. A failure is not remembered: the next call tries again, and cannot undo
 * the try of another.
 */
export function remembered<T>(make: () => Promise<T>): () => Promise<T> {
  let making: Promise<T> | undefined;
  return async () => {
    const mine = (making ??= make());
    try {
      return await mine;
    } catch (error) {
      if (making === mine) {
        making = undefined;
      }
      throw error;
    }
  };
}
