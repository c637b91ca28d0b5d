import { rm } from 'node:fs/promises';
import stopSharedStores from './stop-shared-stores.mjs';

/** Removes what `build-service.ts` has built. Jest's `globalTeardown`. */
export default async function removeBuiltService(): Promise<void> {
  await stopSharedStores();
  const folder = process.env['DUET_TEST_BUILD'];
  if (folder !== undefined && process.env['DUET_TEST_BUILD_IS_OURS'] === 'true') {
    await rm(folder, { recursive: true, force: true });
  }
}
