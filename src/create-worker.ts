import type { DynamicModule, INestApplicationContext, ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Config } from './config/config.js';
import { FoundationModule } from './foundation.module.js';
import { Log } from './platform/observability/log.js';

/** The root of a process that serves no HTTP. */
class WorkerModule {}

/**
 * Assembles an application without HTTP of the modules that it needs: what a function does not import is not in its package. The caller closes
 * it, unless it lives as long as the process.
 */
export async function createWorker(config: Config, modules: NonNullable<ModuleMetadata['imports']>): Promise<INestApplicationContext> {
  const log = new Log(config);
  const root: DynamicModule = { module: WorkerModule, imports: [FoundationModule.forRoot(config, log), ...modules] };
  return NestFactory.createApplicationContext(root, { logger: log, abortOnError: false });
}
