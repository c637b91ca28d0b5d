import type { Config } from '../../src/config/config.js';
import { createWorker } from '../../src/create-worker.js';
import { RolesService } from '../../src/features/users/roles.service.js';
import { UsersCoreModule } from '../../src/features/users/users-core.module.js';
import { postgresModule } from '../../src/postgres.module.js';
import type { SignedUp, TestService } from './service.js';

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

/** Registers a user, makes them an administrator, and signs in again: the role is in the token. */
export async function signUpAdmin(service: TestService): Promise<SignedUp> {
  const user = await service.signUp();
  await changeRole(service.config, 'grantAdmin', user.id);
  const { body } = await service.call('POST', '/auth/login', { body: { email: user.email, password: user.password } });
  return { ...user, accessToken: body.accessToken };
}
