import { existsSync } from 'node:fs';
import type { Environment } from './config.js';

/**
 * The process's environment; with `envFile`, what that file holds stands behind it (a set variable wins).
 * This file is the only reader of `process.env` in the project.
 */
export function readEnvironment(envFile?: string): Environment {
  if (envFile !== undefined && existsSync(envFile)) {
    process.loadEnvFile(envFile);
  }
  return { ...process.env };
}

/** The X-Ray header of the invocation that is running, which Lambda's runtime client puts into the environment anew for each; none elsewhere. */
export function readTraceHeader(): string | undefined {
  // https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
  return process.env['_X_AMZN_TRACE_ID'];
}
