import type { INestApplicationContext } from '@nestjs/common';
import { type Config, parseConfig } from '../../config/config.js';
import { readEnvironment } from '../../config/environment.js';
import { Migrator } from '../../platform/postgres/migrator.js';
import { createServerApp } from '../server/server-app.js';
import { attachOrStartLocalStores } from '../stores/local-stores.js';
import { withPlaceholders } from '../stores/placeholders.js';
import { provisionTables } from '../stores/provision-tables.js';

const tell = (text: string): void => void process.stderr.write(`${text}\n`);

/**
 * Runs an operator's work on an application of its own, on the stores that a running Duet has, or else on ones that are started for as long as it takes.
 *
 * @throws ConfigError, LocalStoreError, and what the work throws
 */
export async function besideService<Result>(work: (app: INestApplicationContext, config: Config) => Promise<Result>): Promise<Result> {
  const environment = readEnvironment('.env');
  parseConfig(withPlaceholders(environment));
  const stores = await attachOrStartLocalStores(environment, { onProgress: tell });
  try {
    const config = parseConfig(stores.environment);
    const app = await createServerApp(config);
    try {
      if (config.provisionStores) {
        // Alone on a new data folder there are no tables yet.
        await Promise.all([provisionTables(config, tell), app.get(Migrator).migrate()]);
      }
      return await work(app, config);
    } finally {
      await app.close();
    }
  } finally {
    await stores.stop();
  }
}
