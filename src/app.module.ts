import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { BodyInterceptor } from './common/http/body.interceptor.js';
import type { Config } from './config/config.js';
import { AuthModule } from './features/auth/auth.module.js';
import { CounterModule } from './features/counter/counter.module.js';
import { DashboardModule } from './features/dashboard/dashboard.module.js';
import { DocsModule } from './features/docs/docs.module.js';
import { HealthModule } from './features/health/health.module.js';
import { RecordsModule } from './features/records/records.module.js';
import { SyncModule } from './features/sync/sync.module.js';
import { TodosModule } from './features/todos/todos.module.js';
import { UsersModule } from './features/users/users.module.js';
import { FoundationModule } from './foundation.module.js';
import { DynamoDbModule } from './platform/dynamodb/dynamodb.module.js';
import type { Log } from './platform/observability/log.js';
import { postgresModule } from './postgres.module.js';

/** The service as its callers meet it: every route. What works outside requests is composed of fewer modules, in `lambda/`. */
@Module({})
export class AppModule {
  static forRoot(config: Config, log: Log, modules: NonNullable<ModuleMetadata['imports']>): DynamicModule {
    return {
      module: AppModule,
      imports: [
        FoundationModule.forRoot(config, log),
        postgresModule,
        DynamoDbModule,
        DocsModule,
        HealthModule,
        AuthModule,
        UsersModule,
        SyncModule,
        TodosModule,
        CounterModule,
        RecordsModule,
        DashboardModule,
        ...modules,
      ],
      providers: [{ provide: APP_INTERCEPTOR, useClass: BodyInterceptor }],
    };
  }
}
