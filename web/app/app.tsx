import { lazy, Suspense, useEffect, useSyncExternalStore } from 'react';
import { Toasts } from '../design/toasts.js';
import { useSession } from './contexts.js';
import { Failed } from './failed.js';
import { navigate, useRoute } from './route.js';
import { Shell } from './shell.js';
import { SignIn } from '../sign-in/sign-in.js';
import { SignUp } from '../sign-in/sign-up.js';
import { PageSkeleton } from '../design/skeleton.js';

const pages = {
  todos: { title: 'Todos', Page: lazy(async () => import('../todos/todos-page.js')) },
  visits: { title: 'Visits', Page: lazy(async () => import('../visits/visits-page.js')) },
  account: { title: 'Account', Page: lazy(async () => import('../account/account-page.js')) },
};

export type PageName = keyof typeof pages;

const firstPage: PageName = 'todos';

/** The whole app: a form for who is not signed in, and pages in their shell for who is. */
export function App() {
  const session = useSession();
  const state = useSyncExternalStore(session.subscribe, session.getState);
  return (
    <>
      {state.is === 'out' ? <SignedOut ended={state.ended} /> : <SignedIn key={state.userId} />}
      <Toasts />
    </>
  );
}

function SignedOut({ ended }: { ended: boolean }) {
  const { page } = useRoute();
  return page === 'sign-up' ? <SignUp /> : <SignIn ended={ended} />;
}

function SignedIn() {
  const { page } = useRoute();
  const known = page in pages;
  useEffect(() => {
    if (!known) {
      navigate(firstPage);
    }
  }, [known, page]);
  const name = known ? (page as PageName) : firstPage;
  const { title, Page } = pages[name];
  useEffect(() => {
    document.title = `${title} · Duet`;
  }, [title]);
  return (
    <Shell page={name} title={title}>
      <Failed key={name}>
        <Suspense fallback={<PageSkeleton />}>
          <Page />
        </Suspense>
      </Failed>
    </Shell>
  );
}
