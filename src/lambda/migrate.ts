import 'reflect-metadata';
import * as z from 'zod';
import { idSchema } from '../common/ids.js';
import { parseConfig } from '../config/config.js';
import { AppConfig } from '../config/config.module.js';
import { readEnvironment } from '../config/environment.js';
import { createWorker } from '../create-worker.js';
import { DeadDeliveriesService } from '../features/outbox/dead-deliveries.service.js';
import { OutboxCoreModule } from '../features/outbox/outbox-core.module.js';
import { RolesService } from '../features/users/roles.service.js';
import { UsersCoreModule } from '../features/users/users-core.module.js';
import { applicationRoleCredentials } from '../platform/postgres/credentials.js';
import { Log } from '../platform/observability/log.js';
import { Migrator } from '../platform/postgres/migrator.js';
import { postgresModule } from '../postgres.module.js';

/** A proxy that Terraform has just made takes minutes until it has connections to give (`PENDING_PROXY_CAPACITY`). */
const wait = { maxMs: 8 * 60_000, retryMs: 5_000 };

const commandSchema = z.union([
  z.strictObject({}),
  z.strictObject({ grantAdmin: idSchema }),
  z.strictObject({ revokeAdmin: idSchema }),
  z.strictObject({ retryOutbox: z.union([z.literal('all'), idSchema]) }),
  z.strictObject({ eraseAgain: z.iso.datetime({ offset: true }).transform((text) => new Date(text)) }),
]);

/**
 * What was done: the migrations that were still to run and the role that the other functions can now connect as; or the role that was
 * granted; or how many dead outbox rows are to be tried again; or how many deleted users are to be erased again.
 */
export type MigrateResult =
  | { readonly migrations: readonly string[]; readonly admitted?: string }
  | { readonly granted: 'admin'; readonly id: string }
  | { readonly revoked: 'admin'; readonly id: string }
  | { readonly retried: number }
  | { readonly erasing: number };

/**
 * Invoked by an operator or the deployment, never by a request: `{}` migrates PostgreSQL and lets the role of `APP_ROLE_SECRET_ARN` use its
 * tables, with the password that the secret has now; `{"grantAdmin": "<id>"}` makes a user an administrator, `{"revokeAdmin": "<id>"}` an
 * ordinary user again, whose sessions end; `{"retryOutbox": "all"}`, or a row's id, has dead outbox rows tried again; `{"eraseAgain": "<time>"}`
 * has users erased again who were deleted since that time, to which a table was restored. Throws, so that the invocation fails, when that could not be done.
 */
export const handler = async (event: unknown): Promise<MigrateResult> => {
  const { success, data: command } = commandSchema.safeParse(event ?? {});
  if (!success) {
    throw new Error('The event must be {}, {"grantAdmin": "<id>"}, {"revokeAdmin": "<id>"}, {"retryOutbox": "all" or "<id>"} or {"eraseAgain": "<time>"}');
  }
  // Made anew each time: it is called once a deployment, and a connection kept from the last would be dead by the next.
  const worker = await createWorker(parseConfig(readEnvironment(), ['postgres']), [postgresModule, OutboxCoreModule, UsersCoreModule]);
  try {
    if ('retryOutbox' in command) {
      return { retried: (await worker.get(DeadDeliveriesService).retry(command.retryOutbox === 'all' ? undefined : command.retryOutbox)).length };
    }
    if ('eraseAgain' in command) {
      return { erasing: await worker.get(DeadDeliveriesService).eraseAgain(command.eraseAgain) };
    }
    if ('grantAdmin' in command) {
      return { granted: 'admin', id: (await worker.get(RolesService).grantAdmin(command.grantAdmin))?.id ?? noSuchUser() };
    }
    if ('revokeAdmin' in command) {
      return { revoked: 'admin', id: (await worker.get(RolesService).revokeAdmin(command.revokeAdmin))?.id ?? noSuchUser() };
    }
    const applicationRole = (await applicationRoleCredentials(worker.get(AppConfig))) ?? undefined;
    const onProgress = (line: string): void => worker.get(Log).info(line);
    const migrations = await worker.get(Migrator).migrate({ applicationRole, wait, onProgress });
    return { migrations, ...(applicationRole && { admitted: applicationRole.username }) };
  } finally {
    await worker.close();
  }
};

function noSuchUser(): never {
  throw new Error('No user has this id');
}
