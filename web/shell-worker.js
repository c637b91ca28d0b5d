// The service worker: keeps the shell, which is what this build consists of, and nothing else. Requests to the API never come through here.
// The build puts a list of its files, and a name for it, in front (vite.config.ts).
/* global shellFiles, shellName */

addEventListener('install', (event) => {
  // A new version waits until the page asks for it: the files of one version are never mixed with another's.
  event.waitUntil(caches.open(shellName).then((cache) => cache.addAll(shellFiles)));
});

addEventListener('activate', (event) => {
  const removeOthers = async () => {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name.startsWith('duet-shell-') && name !== shellName).map((name) => caches.delete(name)));
    await clients.claim();
  };
  event.waitUntil(removeOthers());
});

addEventListener('message', ({ data }) => {
  if (data === 'take-over') {
    void skipWaiting();
  }
});

addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  const scope = new URL(registration.scope);
  if (request.method !== 'GET' || origin !== scope.origin || !pathname.startsWith(scope.pathname)) {
    return;
  }
  const file = pathname.slice(scope.pathname.length);
  if (file === 'config.json') {
    event.respondWith(freshOrKept(request));
  } else if (file === '' || shellFiles.includes(file)) {
    event.respondWith(keptOrFresh(request, file === '' ? './' : file));
  }
});

/** Where the API is may change without a new version. */
async function freshOrKept(request) {
  try {
    return await fetch(request);
  } catch (error) {
    const kept = await caches.match('config.json', { cacheName: shellName });
    if (kept === undefined) {
      throw error;
    }
    return kept;
  }
}

async function keptOrFresh(request, file) {
  const kept = await caches.match(file, { cacheName: shellName });
  return kept ?? fetch(request);
}
