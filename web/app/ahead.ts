import { type ComponentType, lazy, type LazyExoticComponent } from 'react';

/**
 * Resolves at the first sign that someone is at the page: a key, a pointer. Until then only what the page itself consists of is loaded, and the rest
 * before it is asked for, so that it is there without a connection too.
 */
export const firstSign = new Promise<void>((resolve) => {
  for (const name of ['keydown', 'pointerdown', 'pointermove']) {
    addEventListener(name, () => resolve(), { once: true, passive: true, capture: true });
  }
});

/** A component of its own file, loaded from the first sign on. A failure is met again where it is shown. */
export function lazyAhead<P>(load: () => Promise<{ default: ComponentType<P> }>): LazyExoticComponent<ComponentType<P>> {
  firstSign.then(load).catch(() => undefined);
  return lazy(load);
}
