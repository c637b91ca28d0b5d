import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseConfig } from '../../src/config/config.js';
import { createWorker } from '../../src/create-worker.js';
import { Migrator } from '../../src/platform/postgres/migrator.js';
import { PostgresModule } from '../../src/platform/postgres/postgres.module.js';
import { postgresSchema } from '../../src/postgres-schema.js';
import { accessStores, openStores, type StoreAccess, type SuiteStores } from '../support/stores.js';

// Real: PostgreSQL and the migrations. Requests reach the version before while a release's migrations run, and after a rollback: this compares
// schemas, and npm run check:last-release runs that version.
// Seen failing: with a column dropped, with a new one that has no default, with a name made unique.

/** How many migrations the last release has. */
const { migrations: released } = JSON.parse(readFileSync(new URL('../last-release/last-release.json', import.meta.url), 'utf8')) as { migrations: number };

/** As they are run: by the time in their names. */
const inOrder = postgresSchema.migrations.toSorted((left, right) => Number(left.name.slice(-13)) - Number(right.name.slice(-13)));

describe('The migrations since the last release', () => {
  let stores: SuiteStores;
  let access: StoreAccess;
  beforeAll(async () => {
    stores = await openStores();
    access = accessStores(parseConfig(stores.environment));
  });
  afterAll(async () => {
    await access?.close();
    await stores?.stop();
  });

  test('leave all that its statements name, and ask nothing new of what they write', async () => {
    await migrate(released);
    const before = await schema();
    await migrate(postgresSchema.migrations.length);
    const after = await schema();

    expect(before.columns.size).toBeGreaterThan(0);
    // Of a column of before, the type stays, and whether a statement may leave it out or set it to null.
    expect(Object.fromEntries([...before.columns.keys()].map((name) => [name, after.columns.get(name)]))).toEqual(Object.fromEntries(before.columns));
    const ofBefore = ({ table }: { table: string }): boolean => before.tables.has(table);
    const added = [...after.columns].filter(([name, column]) => ofBefore(column) && !before.columns.has(name));
    expect(added.filter(([, { optional }]) => !optional)).toEqual([]);
    expect(after.rules.filter(ofBefore)).toEqual(before.rules);
  });

  async function migrate(count: number): Promise<void> {
    const config = parseConfig({ ...stores.environment, LOG_LEVEL: 'error' });
    const worker = await createWorker(config, [PostgresModule.forRoot(async () => ({ ...postgresSchema, migrations: inOrder.slice(0, count) }))]);
    try {
      await worker.get(Migrator).migrate();
    } finally {
      await worker.close();
    }
  }

  async function schema() {
    const columns = await access.query<{ table: string; name: string; type: string; nullable: boolean; optional: boolean }>(
      `SELECT table_name AS table, column_name AS name, udt_name AS type, is_nullable = 'YES' AS nullable,
         is_nullable = 'YES' OR column_default IS NOT NULL OR is_generated = 'ALWAYS' OR is_identity = 'YES' AS optional
       FROM information_schema.columns WHERE table_schema = 'public'`,
    );
    const rules = await access.query<{ table: string; rule: string }>(
      `SELECT conrelid::regclass::text AS table, pg_get_constraintdef(oid) AS rule FROM pg_constraint
         WHERE connamespace = 'public'::regnamespace AND contype IN ('p', 'u', 'x', 'f')
       UNION ALL SELECT tablename, indexdef FROM pg_indexes WHERE schemaname = 'public' AND indexdef LIKE 'CREATE UNIQUE%'
       ORDER BY 1, 2`,
    );
    return { columns: new Map(columns.map((column) => [`${column.table}.${column.name}`, column])), tables: new Set(columns.map(({ table }) => table)), rules };
  }
});
