import { existsSync } from 'node:fs';
import type { Environment } from './config.js';

/**
 * The process's environment; with `envFile`, what that file holds stands behind it (a set variable wins).
 * The only reader of `process.env` in the project.
 */
export function readEnvironment(envFile?: string): Environment {
  if (envFile !== undefined && existsSync(envFile)) {
    process.loadEnvFile(envFile);
  }
  return { ...process.env };
}
