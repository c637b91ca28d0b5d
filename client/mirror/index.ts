export { memoryStorage } from './memory.js';
export { createMirror } from './mirror.js';
export { Records, type StoreChange, type StoredKind, type StoredKinds, storedKinds } from './records.js';
export type { MirrorClient, MirrorOptions, MirrorStorage, MirrorStore } from './storage.js';
export { type Conflict, type Mirror, type MirroredTodo, type MirrorOperation, type MirrorSnapshot, type MirrorStatus, UnknownTodoError } from './types.js';
export type { PendingWrite, RejectedWrite, WriteKind } from './types.js';
