import type { Api } from '../http/calls.js';
import type { Session } from '../http/session.js';
import type { Records, StoreChange } from './records.js';
import type { Mirror } from './types.js';

/** What a mirror needs of a client. */
export interface MirrorClient {
  readonly session: Session | null;
  readonly api: Api;
}

export interface MirrorOptions {
  /** Where the copy is kept: `memoryStorage()`, or `indexedDbStorage(name)` of `duet-client/mirror/indexed-db`. */
  readonly storage: MirrorStorage;
  /** Whose todos; those of the user who is signed in, if left out. The mirror shows and sends nothing of anyone else. */
  readonly userId?: string;
  /** The longest wait between two polls while all is well, in milliseconds; 4,000 if left out. */
  readonly pollMs?: number;
}

/** What is stored of one user. */
export interface MirrorStore {
  /** Everything, as it is at one moment, in an object of the caller's own. */
  load(): Promise<Records>;
  /** Makes all of these changes, in order, or none. */
  commit(changes: readonly StoreChange[]): Promise<void>;
  /** Removes everything, and closes. */
  clear(): Promise<void>;
  close(): void;
}

/** Where mirrors keep what they hold: each user's apart, so that no one sees or sends what is another's. */
export interface MirrorStorage {
  open(userId: string): Promise<MirrorStore>;
  /** A name that the mirrors which share this user's store have in common; null where a store has one mirror at a time. */
  sharedName(userId: string): string | null;
  /** `createMirror` of `duet-client/mirror`. It comes with the storage, so that a client without mirrors does not carry it. */
  readonly createMirror: (duet: MirrorClient, options: MirrorOptions) => Mirror;
}
