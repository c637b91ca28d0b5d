import type { DynamicModule } from '@nestjs/common';
import { loadPostgresSchema, type LoadPostgresSchema } from './data-source.js';
import { Migrator } from './migrator.js';
import { Postgres } from './postgres.js';

/** Gives PostgreSQL to every feature's persistence, and its {@link Migrator} to what starts or deploys the service. */
export class PostgresModule {
  static forRoot(loadSchema: LoadPostgresSchema): DynamicModule {
    return {
      module: PostgresModule,
      global: true,
      providers: [Postgres, Migrator, { provide: loadPostgresSchema, useValue: loadSchema }],
      exports: [Postgres, Migrator],
    };
  }
}
