import type { DynamicModule } from '@nestjs/common';
import type { Config } from './config.js';

/** The {@link Config} that was read and checked before the application was assembled, as something that can be injected. */
// oxlint-disable-next-line typescript/no-unsafe-declaration-merging -- the class is only the token, and its value is a whole Config
export abstract class AppConfig {}
export interface AppConfig extends Config {}

/**
 * Makes the configuration injectable everywhere. `@nestjs/config` would do that too, and load `dotenv` at every cold start (3 ms) for files that are
 * never read.
 */
export class ConfigModule {
  static forRoot(config: Config): DynamicModule {
    return { module: ConfigModule, global: true, providers: [{ provide: AppConfig, useValue: config }], exports: [AppConfig] };
  }
}
