import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import buildService from '../support/setup/build-service.js';
import { startBuiltService } from '../support/built-service.js';
import removeBuiltService from '../support/setup/remove-built-service.js';

/** The service under load. */
export interface Subject {
  readonly url: string;
  /** Of its process; undefined when it is not ours. */
  readonly pid: number | undefined;
  stop(): Promise<void>;
}

/** A service that runs already. */
export function runningSubject(url: string): Subject {
  return { url, pid: undefined, stop: async () => {} };
}

/**
 * Builds the service and starts it as `npm start` does, with embedded stores that keep what is written on disk, but on a free port and in a data
 * folder of its own, gone with `stop`. Its limits on registrations and sign-ins let a crowd in from one address.
 */
export async function startSubject(): Promise<Subject> {
  // A test that runs this has built it, and removes it.
  const toRemove = process.env['DUET_TEST_BUILD'] === undefined;
  await buildService();
  const dataDir = await mkdtemp(join(tmpdir(), 'duet-load-'));
  // As root, PostgreSQL runs as another user, who must be able to pass through.
  await chmod(dataDir, 0o711);
  const removeAll = async (): Promise<void> => {
    await rm(dataDir, { recursive: true, force: true });
    if (toRemove) {
      await removeBuiltService();
    }
  };
  try {
    const unlimited = '1000000';
    const service = await startBuiltService({
      DUET_DATA_DIR: dataDir,
      LOG_LEVEL: 'info',
      REGISTRATION_LIMIT_ADDRESS: unlimited,
      LOGIN_LIMIT_ACCOUNT_ADDRESS: unlimited,
      LOGIN_LIMIT_ACCOUNT: unlimited,
      LOGIN_LIMIT_ADDRESS: unlimited,
      LOGIN_SUCCESS_LIMIT_ACCOUNT: unlimited,
    });
    return {
      url: service.url,
      pid: service.pid,
      stop: async () => {
        try {
          await service.stop();
        } finally {
          await removeAll();
        }
      },
    };
  } catch (error) {
    await removeAll();
    throw error;
  }
}
