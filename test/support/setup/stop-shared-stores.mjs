/** Ends what shared-stores.mjs has started. Jest's `globalTeardown`. */
export default async function stopSharedStores() {
  await globalThis.stopSharedStores?.();
}
