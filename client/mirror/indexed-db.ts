import { deleteDB, openDB } from 'idb';
import { createMirror } from './mirror.js';
import { Records, type StoreChange, storedKinds } from './records.js';
import type { MirrorStorage, MirrorStore } from './storage.js';

/**
 * Keeps what mirrors hold in IndexedDB, in a database `<name>:<user's id>` of each user. All tabs of a site that give the same name share it:
 * one of them synchronises for all.
 *
 * @see https://www.w3.org/TR/IndexedDB/
 */
export function indexedDbStorage(name = 'duet'): MirrorStorage {
  const nameFor = (userId: string): string => `${name}:${userId}`;
  return { createMirror, sharedName: nameFor, open: async (userId) => openStore(nameFor(userId)) };
}

async function openStore(name: string): Promise<MirrorStore> {
  const database = await openDB(name, 1, {
    upgrade: (created) => storedKinds.forEach((kind) => created.createObjectStore(kind, { keyPath: 'id' })),
    // Another tab removes the database, because its user has signed out.
    blocking: () => database.close(),
  });
  return {
    load: async () => {
      const transaction = database.transaction(storedKinds);
      const stored = await Promise.all(
        storedKinds.map(async (kind) => (await transaction.objectStore(kind).getAll()).map((put) => ({ kind, put }) as StoreChange)),
      );
      const records = new Records();
      records.apply(stored.flat());
      return records;
    },
    commit: async (changes) => {
      const kinds = [...new Set(changes.map(({ kind }) => kind))];
      // On the disk before it counts as stored: a write that waits is nowhere else.
      const transaction = database.transaction(kinds, 'readwrite', { durability: 'strict' });
      const made = changes.map(async (change) => {
        const store = transaction.objectStore(change.kind);
        await ('put' in change ? store.put(change.put) : store.delete(change.remove));
      });
      await Promise.all([...made, transaction.done]);
    },
    clear: async () => {
      const transaction = database.transaction(storedKinds, 'readwrite');
      await Promise.all([...storedKinds.map(async (kind) => transaction.objectStore(kind).clear()), transaction.done]);
      database.close();
      // The empty database goes with the last tab that has it open.
      await new Promise<void>((resolve) => {
        deleteDB(name, { blocked: () => resolve() }).then(resolve, resolve);
      });
    },
    close: () => database.close(),
  };
}
