import { Inject, Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { AppConfig } from '../../config/config.module.js';
import { Log } from '../../platform/observability/log.js';
import { Postgres } from '../../platform/postgres/postgres.js';
import { probe } from './probe.js';

/** Whether PostgreSQL answers a query. */
@Injectable()
export class PostgresHealthIndicator {
  private readonly limitMs: number;

  constructor(
    private readonly postgres: Postgres,
    private readonly indicators: HealthIndicatorService,
    private readonly log: Log,
    @Inject(AppConfig) config: AppConfig,
  ) {
    this.limitMs = config.get('storeTimeouts', { infer: true }).tryMs;
  }

  /** Up or down, with the time it took; the reason for a failure goes to the log alone. */
  async check(): Promise<HealthIndicatorResult<'postgres'>> {
    const indicator = this.indicators.check('postgres');
    const result = await probe(this.limitMs, async () => this.postgres.select('SELECT 1', []));
    const { responseTimeMs } = result;
    if (result.ok) {
      return indicator.up({ responseTimeMs });
    }
    this.log.warn('probe failed', { store: 'postgres', responseTimeMs, error: result.error });
    return indicator.down({ responseTimeMs, message: 'unreachable' });
  }
}
