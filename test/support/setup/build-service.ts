import { compileService } from './compile-service.mjs';
import startSharedStores from './shared-stores.mjs';

/** Builds the service, and starts the shared stores, too. Jest's `globalSetup`. */
export default async function buildService(): Promise<void> {
  await startSharedStores();
  await compileService();
}
