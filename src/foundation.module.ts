import type { DynamicModule } from '@nestjs/common';
import type { Config } from './config/config.js';
import { ConfigModule } from './config/config.module.js';
import { Audit } from './platform/observability/audit.js';
import { Log } from './platform/observability/log.js';

/** What every application has, whatever it is composed of: its configuration, its log and its audit log. */
export class FoundationModule {
  static forRoot(config: Config, log: Log): DynamicModule {
    return {
      module: FoundationModule,
      global: true,
      imports: [ConfigModule.forRoot(config)],
      providers: [{ provide: Log, useValue: log }, Audit],
      exports: [Log, Audit],
    };
  }
}
