import { useSyncExternalStore } from 'react';

/** Where the app is, by the fragment of its URL, such as `#/todos` or `#/verify/<token>`. */
export interface Route {
  readonly page: string;
  /** What follows the page's name. */
  readonly rest: string;
}

let current = read();
hideSecret();
const listeners = new Set<() => void>();
addEventListener('hashchange', () => {
  // What was hidden is not in the address any more.
  if (location.hash !== `#/${current.page}` || current.rest === '') {
    current = read();
    hideSecret();
  }
  listeners.forEach((listener) => listener());
});

function read(): Route {
  const [, page = '', rest = ''] = /^#\/([^/?]*)\/?(.*)$/.exec(location.hash) ?? [];
  return { page, rest };
}

/** The token of a link in a mail stays in memory: it is taken out of the address and the history. */
function hideSecret(): void {
  if (current.rest !== '') {
    history.replaceState(null, '', `#/${current.page}`);
  }
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
