import type { DynamicModule } from '@nestjs/common';
import { ConfigModule as NestConfigModule, ConfigService } from '@nestjs/config';
import type { Config } from './config.js';

/** The typed way to inject configuration: `config.get('http', { infer: true })`. */
export abstract class AppConfig extends ConfigService<Config, true> {}

/** Makes an already validated {@link Config} injectable everywhere as {@link AppConfig}. */
export class ConfigModule {
  static forRoot(config: Config): DynamicModule {
    return {
      module: ConfigModule,
      global: true,
      // The environment was read and checked before the application was assembled: nothing is read twice.
      imports: [
        NestConfigModule.forRoot({
          ignoreEnvFile: true,
          ignoreEnvVars: true,
          skipProcessEnv: true,
          load: [() => config as unknown as Record<string, unknown>],
        }),
      ],
      providers: [{ provide: AppConfig, useExisting: ConfigService }],
      exports: [AppConfig],
    };
  }
}
