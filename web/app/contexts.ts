import { createContext, use, useCallback, useSyncExternalStore } from 'react';
import type { MirrorSnapshot } from '../../client/mirror/index.js';
import type { Profile } from './kept-account.js';
import type { AppSession } from './session.js';

export const SessionContext = createContext<AppSession | undefined>(undefined);

/** The session of this browser. */
export function useSession(): AppSession {
  const session = use(SessionContext);
  if (session === undefined) {
    throw new Error('There is no session above this component.');
  }
  return session;
}

/** Who is signed in; only for what is shown to someone who is. */
export function useProfile(): Profile {
  const session = useSession();
  const state = useSyncExternalStore(session.subscribe, session.getState);
  if (state.is === 'out') {
    throw new Error('Nobody is signed in.');
  }
  return state.profile;
}

/** What the mirror shows now. */
export function useSnapshot(): MirrorSnapshot {
  const { mirror } = useSession();
  return useSyncExternalStore(
    useCallback((listener) => mirror.subscribe(listener), [mirror]),
    () => mirror.getSnapshot(),
  );
}
