import type { Config } from '../../src/config/config.js';
import { createWorker } from '../../src/create-worker.js';
import { RolesService } from '../../src/features/users/roles.service.js';
import { UsersCoreModule } from '../../src/features/users/users-core.module.js';
import { postgresModule } from '../../src/postgres.module.js';

/** Changes a role as an operator does, with `npm run admin`: no request can. */
export async function changeRole(config: Config, change: 'grantAdmin' | 'revokeAdmin', userId: string): Promise<void> {
  const worker = await createWorker(config, [postgresModule, UsersCoreModule]);
  try {
    if ((await worker.get(RolesService)[change](userId)) === null) {
      throw new Error(`There is no user ${userId}`);
    }
  } finally {
    await worker.close();
  }
}
