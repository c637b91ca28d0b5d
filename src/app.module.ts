import { type DynamicModule, Global, Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { BodyInterceptor } from './common/body.interceptor.js';
import type { Config } from './config/config.js';
import { ConfigModule } from './config/config.module.js';
import { AuthModule } from './features/auth/auth.module.js';
import { CounterModule } from './features/counter/counter.module.js';
import { DashboardModule } from './features/dashboard/dashboard.module.js';
import { DocsModule } from './features/docs/docs.module.js';
import { HealthModule } from './features/health/health.module.js';
import { RecordsModule } from './features/records/records.module.js';
import { TodosModule } from './features/todos/todos.module.js';
import { UsersModule } from './features/users/users.module.js';
import { DynamoDbModule } from './platform/dynamodb/dynamodb.module.js';
import { Log } from './platform/observability/log.js';
import { PostgresModule } from './platform/postgres/postgres.module.js';

/** The whole service. */
@Global()
@Module({})
export class AppModule {
  static forRoot(config: Config, log: Log): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot(config),
        PostgresModule.forRoot(async () => (await import('./postgres-schema.js')).postgresSchema),
        DynamoDbModule,
        DocsModule,
        HealthModule,
        AuthModule,
        UsersModule,
        TodosModule,
        CounterModule,
        RecordsModule,
        DashboardModule,
      ],
      providers: [
        { provide: Log, useValue: log },
        { provide: APP_INTERCEPTOR, useClass: BodyInterceptor },
      ],
      exports: [Log],
    };
  }
}
