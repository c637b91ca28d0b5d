import { rm } from 'node:fs/promises';

/** Removes what `package-functions.ts` made. Jest's `globalTeardown`. */
export default async function removePackagedFunctions(): Promise<void> {
  await rm(process.env['DUET_TEST_PACKAGE'] ?? '', { recursive: true, force: true });
}
