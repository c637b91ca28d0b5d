import { useSyncExternalStore } from 'react';

/** Where the app is, by the fragment of its URL, such as `#/todos` or `#/verify/<token>`. */
export interface Route {
  readonly page: string;
  /** What follows the page's name. */
  readonly rest: string;
}

let current = read();
const listeners = new Set<() => void>();
addEventListener('hashchange', () => {
  current = read();
  listeners.forEach((listener) => listener());
});

function read(): Route {
  const [, page = '', rest = ''] = /^#\/([^/?]*)\/?(.*)$/.exec(location.hash) ?? [];
  return { page, rest };
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useRoute(): Route {
  return useSyncExternalStore(subscribe, () => current);
}

export function navigate(page: string): void {
  location.hash = `#/${page}`;
}
