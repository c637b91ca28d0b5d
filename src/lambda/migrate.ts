import 'reflect-metadata';
import * as z from 'zod';
import { parseConfig } from '../config/config.js';
import { readEnvironment } from '../config/environment.js';
import { createWorker } from '../create-app.js';
import { UsersService } from '../features/users/users.service.js';
import { Postgres } from '../platform/postgres/postgres.js';

const orderSchema = z.strictObject({ grantAdmin: z.string().min(3).optional() });

/** What was done: the migrations that were still to run, or the role that was granted. */
export type MigrateResult = { readonly migrations: readonly string[] } | { readonly granted: 'admin' };

/**
 * Invoked by an operator or the deployment, never by a request: `{}` migrates PostgreSQL, `{"grantAdmin": "<email>"}` makes a user an
 * administrator. Throws, so that the invocation fails, when that could not be done.
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
    return { migrations };
  } finally {
    await worker.close();
  }
};
