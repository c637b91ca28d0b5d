import { showToast } from '../design/toasts.js';

/** What of Trusted Types is used here; browsers without them take the text. */
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL: (url: string) => string }): { createScriptURL(url: string): string };
}

/** Registers the worker that keeps the shell for when there is no connection, and offers a new version once it is there. Without one the app works as well, online. */
export async function registerShellWorker(): Promise<void> {
  if (!('serviceWorker' in navigator) || import.meta.env.DEV) {
    return;
  }
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  const policy = trustedTypes?.createPolicy('duet', { createScriptURL: (url) => url });
  const url = './shell-worker.js';
  // It replaces one that was there; the first one takes over without a word.
  const replaces = navigator.serviceWorker.controller !== null;
  // Browsers that are to keep nothing refuse.
  const registration = await navigator.serviceWorker.register(policy?.createScriptURL(url) ?? url).catch(() => undefined);
  if (registration === undefined) {
    return;
  }
  const offer = (worker: ServiceWorker | null): void => {
    if (worker !== null && replaces) {
      showToast({ text: 'A new version of Duet is here.', action: { label: 'Load it', run: () => worker.postMessage('take-over') } });
    }
  };
  offer(registration.waiting);
  registration.addEventListener('updatefound', () => {
    const { installing } = registration;
    installing?.addEventListener('statechange', () => installing.state === 'installed' && offer(installing));
  });
  navigator.serviceWorker.addEventListener('controllerchange', () => replaces && location.reload());
}
