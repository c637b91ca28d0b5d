import { createMirror } from './mirror.js';
import { Records, type StoreChange, storedKinds } from './records.js';
import type { MirrorStorage } from './storage.js';

/** Keeps what mirrors hold for as long as the returned object lives: for one mirror of a user at a time. */
export function memoryStorage(): MirrorStorage {
  const users = new Map<string, Records>();
  return {
    createMirror,
    sharedName: () => null,
    open: async (userId) => ({
      load: async () => {
        const copy = new Records();
        copy.apply(storedKinds.flatMap((kind) => [...(users.get(userId)?.[kind].values() ?? [])].map((put) => ({ kind, put }) as StoreChange)));
        return copy;
      },
      commit: async (changes) => {
        const records = users.get(userId) ?? new Records();
        records.apply(changes);
        users.set(userId, records);
      },
      clear: async () => void users.delete(userId),
      close: () => {},
    }),
  };
}
