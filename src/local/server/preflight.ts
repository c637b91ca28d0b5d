import { createServer } from 'node:net';
import { type Config, ConfigError, type Environment, parseConfig } from '../../config/config.js';
import { readEnvironment } from '../../config/environment.js';
import { hasCode, reasonOf } from '../errors/system-errors.js';
import { StartError } from '../errors/start-error.js';
import { LocalStoreError } from '../errors/local-store-error.js';
import { withPlaceholders } from '../stores/placeholders.js';

/**
 * Checks what costs no time to check: every variable, and that the port is free.
 *
 * @throws ConfigError, StartError
 */
export async function checkStart(environment: Environment): Promise<Config['http']> {
  const { http } = parseConfig(withPlaceholders(environment));
  await assertPortIsFree(http);
  return http;
}

/** {@link checkStart} on the process's own environment, before anything is built: what to print when it fails. */
export async function findStartProblem(): Promise<string | undefined> {
  const environment = readEnvironment('.env');
  try {
    await checkStart(environment);
    return undefined;
  } catch (error) {
    return explainStart(error, environment);
  }
}

// Listening itself still decides: another program may take the port in between.
async function assertPortIsFree(http: Config['http']): Promise<void> {
  const probe = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      probe.once('error', reject);
      probe.listen(http.port, http.host, resolve);
    });
  } catch (error) {
    throw explainListen(error, http);
  }
  await new Promise((resolve) => probe.close(resolve));
}

/** A failure to listen as a {@link StartError}, where the system's code says what to do. */
export function explainListen(error: unknown, { port, host }: Config['http']): unknown {
  if (hasCode(error, 'EADDRINUSE')) {
    return new StartError(`Port ${port} is in use: stop what uses it, or set PORT to another`);
  }
  if (hasCode(error, 'EACCES')) {
    return new StartError(`This user may not listen on port ${port}: set PORT to one above 1023`);
  }
  if (hasCode(error, 'EADDRNOTAVAIL', 'ENOTFOUND', 'EAI_AGAIN')) {
    return new StartError(`${host ?? ''} is not an address of this machine: set HOST to one that is, or leave it out`);
  }
  return error;
}

/** What a failed start prints: one clear line, or with `LOG_LEVEL=debug` the stack. */
export function explainStart(error: unknown, environment: Environment): string {
  if (environment['LOG_LEVEL'] === 'debug' && error instanceof Error) {
    return error.stack ?? error.message;
  }
  const expected = error instanceof ConfigError || error instanceof LocalStoreError || error instanceof StartError;
  return expected ? error.message : `Duet could not start: ${reasonOf(error)} (LOG_LEVEL=debug shows where)`;
}
