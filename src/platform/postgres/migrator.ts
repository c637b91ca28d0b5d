import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import type { Client } from 'pg';
import type { DataSource } from 'typeorm';
import { AppConfig } from '../../config/config.module.js';
import { ensureApplicationRole } from './application-role.js';
import { openConnection, openPool } from './connections.js';
import type { ApplicationRole } from './credentials.js';
import { createDataSource, loadPostgresSchema, type LoadPostgresSchema } from './data-source.js';
import { isBusy, isConnectionLost } from './errors.js';
import { type RoleInDatabase, settingStatements, unlimitedStatements } from './role-settings.js';

/** Any constant will do; it only has to be the same in every Duet that migrates this database. */
const migrationLock = 0x64756574;
const lockRetryMs = 250;

/** How a migration runs. */
export interface MigrateOptions {
  /** The role that the application connects as; none: the tables' owner. */
  readonly applicationRole?: ApplicationRole;
  /** How long PostgreSQL, or a proxy before it, may take until it can serve; by default it must serve at once. */
  readonly wait?: { readonly maxMs: number; readonly retryMs: number };
  /** Called with a line for each step, and for each wait. */
  readonly onProgress?: (line: string) => void;
}

/** Changes the database besides its rows: tables, roles and their settings. */
@Injectable()
export class Migrator {
  constructor(
    private readonly config: AppConfig,
    @Inject(loadPostgresSchema) private readonly loadSchema: LoadPostgresSchema,
  ) {}

  /**
   * Runs the migrations that are missing, each in its transaction, and prepares the role that the application connects as. It can be repeated, and run by
   * several at once: one works, the others wait.
   *
   * @returns the names of the migrations that were run.
   * @throws the driver's error when PostgreSQL cannot be reached in time.
   */
  async migrate({ applicationRole, wait = { maxMs: 0, retryMs: 0 }, onProgress = () => undefined }: MigrateOptions = {}): Promise<string[]> {
    return this.withMigrationLock(await this.connect(wait, onProgress), async (source, owner) => {
      const names: string[] = [];
      for (const { name } of await source.runMigrations({ transaction: 'each' })) {
        names.push(name);
        onProgress(`Migration ${name} done`);
      }
      await this.prepareRole(source, owner, applicationRole);
      return names;
    });
  }

  private async connect({ maxMs, retryMs }: NonNullable<MigrateOptions['wait']>, onProgress: (line: string) => void): Promise<Client> {
    const startedAt = performance.now();
    for (;;) {
      try {
        return await openServingConnection(this.config);
      } catch (error) {
        const waitedMs = performance.now() - startedAt;
        if (!(isConnectionLost(error) || isBusy(error)) || waitedMs + retryMs > maxMs) {
          throw error;
        }
        const reason = error instanceof Error ? error.message : String(error);
        onProgress(`PostgreSQL cannot serve yet (${reason}): waiting, ${Math.round(waitedMs / 1_000)} of at most ${Math.round(maxMs / 1_000)} s`);
        await sleep(retryMs);
      }
    }
  }

  private async withMigrationLock<T>(lock: Client, work: (source: DataSource, owner: RoleInDatabase) => Promise<T>): Promise<T> {
    try {
      // Asked again and again rather than waited for: a single statement could run into the role's time limit.
      while (!(await lock.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [migrationLock])).rows[0]?.locked) {
        await sleep(lockRetryMs);
      }
      const owner = await currentRole(lock);
      // An index takes the time it takes. The limits come back with the settings below; the application's own clock holds meanwhile.
      for (const statement of unlimitedStatements(owner)) {
        await lock.query(statement);
      }
      const connections = await openPool(this.config, () => undefined, { query_timeout: 0 });
      try {
        return await work(await createDataSource(connections, this.config.postgres.database, this.loadSchema), owner);
      } finally {
        await connections.end();
      }
    } finally {
      // The lock ends with its session.
      await lock.end();
    }
  }

  private async prepareRole(source: DataSource, owner: RoleInDatabase, applicationRole: ApplicationRole | undefined): Promise<void> {
    const timeouts = this.config.storeTimeouts;
    const runner = source.createQueryRunner();
    try {
      if (applicationRole === undefined) {
        for (const statement of settingStatements(owner, timeouts)) {
          await runner.query(statement);
        }
        return;
      }
      const tables = source.entityMetadatas.map(({ tableName }) => tableName);
      await ensureApplicationRole(runner, applicationRole, tables, timeouts);
    } finally {
      await runner.release();
    }
  }
}

/** A connection that statements are answered on: RDS Proxy takes connections before it has one to the database. */
async function openServingConnection(config: AppConfig): Promise<Client> {
  const client = await openConnection(config);
  try {
    await client.query('SELECT 1');
    return client;
  } catch (error) {
    await client.end();
    throw error;
  }
}

async function currentRole(client: Client): Promise<RoleInDatabase> {
  const { rows } = await client.query<RoleInDatabase>('SELECT quote_ident(current_user) AS role, quote_ident(current_database()) AS database');
  return rows[0] as RoleInDatabase;
}
