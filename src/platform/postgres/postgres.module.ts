import type { DynamicModule } from '@nestjs/common';
import { loadPostgresSchema, type LoadPostgresSchema, Postgres } from './postgres.js';

/** Gives every feature's persistence the PostgreSQL door. */
export class PostgresModule {
  static forRoot(loadSchema: LoadPostgresSchema): DynamicModule {
    return {
      module: PostgresModule,
      global: true,
      providers: [Postgres, { provide: loadPostgresSchema, useValue: loadSchema }],
      exports: [Postgres],
    };
  }
}
