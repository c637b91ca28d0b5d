import { Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { AppConfig } from '../../config/config.module.js';
import { Log } from '../../platform/observability/log.js';
import type { VisitCounter } from '../counter/counter.js';
import { CounterService } from '../counter/counter.service.js';
import { Probe } from './probe.js';

/** Whether DynamoDB answers a consistent read: that of the visit counter. */
@Injectable()
export class DynamoDbHealthIndicator {
  private readonly probe: Probe<VisitCounter>;

  constructor(
    counter: CounterService,
    private readonly indicators: HealthIndicatorService,
    log: Log,
    config: AppConfig,
  ) {
    this.probe = new Probe('dynamodb', config.storeTimeouts.tryMs, async () => counter.read(), log);
  }

  /** Up or down, with the time it took and the counter's value; the reason for a failure goes to the log alone. */
  async check(): Promise<HealthIndicatorResult<'dynamodb'>> {
    const indicator = this.indicators.check('dynamodb');
    const result = await this.probe.run();
    const { responseTimeMs } = result;
    if (result.ok) {
      return indicator.up({ responseTimeMs, counterValue: result.value.visitCount });
    }
    return indicator.down({ responseTimeMs, counterValue: null, message: 'unreachable' });
  }
}
