import { Inject, Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { AppConfig } from '../../config/config.module.js';
import { Log } from '../../platform/observability/log.js';
import { CounterService } from '../counter/counter.service.js';
import { probe } from './probe.js';

/** Whether DynamoDB answers a consistent read: that of the visit counter. */
@Injectable()
export class DynamoDbHealthIndicator {
  private readonly limitMs: number;

  constructor(
    private readonly counter: CounterService,
    private readonly indicators: HealthIndicatorService,
    private readonly log: Log,
    @Inject(AppConfig) config: AppConfig,
  ) {
    this.limitMs = config.get('storeTimeouts', { infer: true }).tryMs;
  }

  /** Up or down, with the time it took and the counter's value; the reason for a failure goes to the log alone. */
  async check(): Promise<HealthIndicatorResult<'dynamodb'>> {
    const indicator = this.indicators.check('dynamodb');
    const result = await probe(this.limitMs, async () => this.counter.read());
    const { responseTimeMs } = result;
    if (result.ok) {
      return indicator.up({ responseTimeMs, counterValue: result.value.visitCount });
    }
    this.log.warn('probe failed', { store: 'dynamodb', responseTimeMs, error: result.error });
    return indicator.down({ responseTimeMs, counterValue: null, message: 'unreachable' });
  }
}
