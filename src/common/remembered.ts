/**
 * A maker whose result is made on first use, of what that use gives, and then shared. A failure is not remembered: the next call tries again, and cannot undo
 * the try of another.
 */
export function remembered<T, Given extends readonly unknown[] = []>(make: (...given: Given) => Promise<T>): (...given: Given) => Promise<T> {
  let making: Promise<T> | undefined;
  return async (...given) => {
    const mine = (making ??= make(...given));
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
