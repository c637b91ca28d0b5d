import { PostgresModule } from './platform/postgres/postgres.module.js';

/** PostgreSQL with Duet's tables, whose mappings are loaded when it is first used. */
export const postgresModule = PostgresModule.forRoot(async () => (await import('./postgres-schema.js')).postgresSchema);
