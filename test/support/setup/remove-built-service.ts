import { removeCompiledService } from './compile-service.mjs';
import stopSharedStores from './stop-shared-stores.mjs';

/** Removes what `build-service.ts` has built. Jest's `globalTeardown`. */
export default async function removeBuiltService(): Promise<void> {
  await stopSharedStores();
  await removeCompiledService();
}
