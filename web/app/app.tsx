import { lazy, Suspense, useEffect, useSyncExternalStore } from 'react';
import { Toasts } from '../design/toasts.js';
import { useSession } from './contexts.js';
import { Failed } from './failed.js';
import { type PageName, places } from './places.js';
import { navigate, useRoute } from './route.js';
import { Shell } from './shell.js';
import { PageSkeleton } from '../design/skeleton.js';

const SignedOut = lazy(async () => import('../sign-in/signed-out.js'));

/** Pages of links in mails: shown whether or not someone is signed in. */
const ofLinks = new Set(['reset', 'verify']);

const pages: Record<PageName, ReturnType<typeof lazy>> = {
  todos: lazy(async () => import('../todos/todos-page.js')),
  dashboard: lazy(async () => import('../dashboard/dashboard-page.js')),
  archive: lazy(async () => import('../archive/archive-page.js')),
  visits: lazy(async () => import('../visits/visits-page.js')),
  account: lazy(async () => import('../account/account-page.js')),
};

/** The whole app: a form for who is not signed in, and pages in their shell for who is. */
export function App() {
  const session = useSession();
  const state = useSyncExternalStore(session.subscribe, session.getState);
  const route = useRoute();
  return (
    <>
      {state.is === 'out' || ofLinks.has(route.page) ? (
        <Suspense>
          <SignedOut key={route.page} route={route} ended={state.is === 'out' && state.ended} />
        </Suspense>
      ) : (
        <SignedIn key={state.userId} page={route.page} />
      )}
      <Toasts />
    </>
  );
}

function SignedIn({ page }: { page: string }) {
  const known = places.find(([place]) => place === page);
  const [name, title] = known ?? places[0];
  useEffect(() => {
    if (known === undefined) {
      navigate(name);
    }
  }, [known, name, page]);
  const Page = pages[name];
  useEffect(() => {
    document.title = `${title} · Duet`;
  }, [title]);
  return (
    <Failed>
      <Shell page={name} title={title}>
        <Failed key={name}>
          <Suspense fallback={<PageSkeleton />}>
            <Page />
          </Suspense>
        </Failed>
      </Shell>
    </Failed>
  );
}
