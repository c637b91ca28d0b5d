import { Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { AppConfig } from '../../config/config.module.js';
import { Log } from '../../platform/observability/log.js';
import { Postgres } from '../../platform/postgres/postgres.js';
import { Probe } from './probe.js';

/** Whether PostgreSQL answers a query. */
@Injectable()
export class PostgresHealthIndicator {
  private readonly probe: Probe<unknown>;

  constructor(
    postgres: Postgres,
    private readonly indicators: HealthIndicatorService,
    log: Log,
    config: AppConfig,
  ) {
    this.probe = new Probe('postgres', config.storeTimeouts.tryMs, async () => postgres.select('SELECT 1', []), log);
  }

  /** Up or down, with the time it took; the reason for a failure goes to the log alone. */
  async check(): Promise<HealthIndicatorResult<'postgres'>> {
    const indicator = this.indicators.check('postgres');
    const result = await this.probe.run();
    const { responseTimeMs } = result;
    if (result.ok) {
      return indicator.up({ responseTimeMs });
    }
    return indicator.down({ responseTimeMs, message: 'unreachable' });
  }
}
