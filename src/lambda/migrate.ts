import 'reflect-metadata';
import * as z from 'zod';
import { parseConfig } from '../config/config.js';
import { AppConfig } from '../config/config.module.js';
import { readEnvironment } from '../config/environment.js';
import { createWorker } from '../create-app.js';
import { UsersService } from '../features/users/users.service.js';
import { applicationRoleCredentials } from '../platform/postgres/credentials.js';
import { Postgres } from '../platform/postgres/postgres.js';

const orderSchema = z.strictObject({ grantAdmin: z.string().min(3).optional() });

/** What was done: the migrations that were still to run and the role that the other functions can now connect as, or the role that was granted. */
export type MigrateResult = { readonly migrations: readonly string[]; readonly admitted?: string } | { readonly granted: 'admin' };

/**
 * Invoked by an operator or the deployment, never by a request: `{}` migrates PostgreSQL and lets the role of `APP_ROLE_SECRET_ARN` use its
 * tables, with the password that the secret has now; `{"grantAdmin": "<email>"}` makes a user an administrator. Throws, so
 * that the invocation fails, when that could not be done.
 */
export const handler = async (event: unknown): Promise<MigrateResult> => {
  const { success, data: order } = orderSchema.safeParse(event ?? {});
  if (!success) {
    throw new Error('The event must be {} or {"grantAdmin": "<email>"}');
  }
  // Made anew each time: it is called once a deployment, and a connection kept from the last would be dead by the next.
  const worker = await createWorker(parseConfig(readEnvironment(), ['postgres']));
  try {
    if (order.grantAdmin !== undefined) {
      if (!(await worker.get(UsersService).grantRole(order.grantAdmin, 'admin'))) {
        throw new Error('No user has this e-mail: register first, with POST /users');
      }
      return { granted: 'admin' };
    }
    const migrations: string[] = [];
    await worker.get(Postgres).migrate((line) => void migrations.push(line));
    const role = await applicationRoleCredentials(worker.get(AppConfig));
    if (role === null) {
      return { migrations };
    }
    await worker.get(Postgres).admitApplicationRole(role);
    return { migrations, admitted: role.username };
  } finally {
    await worker.close();
  }
};
