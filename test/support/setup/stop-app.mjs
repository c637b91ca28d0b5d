import { removeCompiledService } from './compile-service.mjs';

/** Ends what start-app.mjs has started. Jest's `globalTeardown`. */
export default async function stopApp() {
  await globalThis.stopApp?.();
  await removeCompiledService();
}
