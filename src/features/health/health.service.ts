import { Injectable, ServiceUnavailableException } from '@nestjs/common';
import { HealthCheckService, type HealthCheckResult } from '@nestjs/terminus';
import { serviceVersion } from '../docs/published-document.js';
import { DynamoDbHealthIndicator } from './dynamodb.health.js';
import type { Liveness, Readiness } from './health.schemas.js';
import { PostgresHealthIndicator } from './postgres.health.js';

/** What the service can do at the moment. */
@Injectable()
export class HealthService {
  constructor(
    private readonly checks: HealthCheckService,
    private readonly postgres: PostgresHealthIndicator,
    private readonly dynamodb: DynamoDbHealthIndicator,
  ) {}

  /** Asks both stores at once, each for a second at most. Reads only; never throws for a store that is down. */
  async readiness(): Promise<Readiness> {
    const { status, info, error, details } = await this.result();
    // The indicators give what the schema says; Terminus's type knows only of records.
    return { status, info, error, details, ...identity() } as Readiness;
  }

  /** Asks no store. */
  liveness(): Liveness {
    return { status: 'ok', ...identity() };
  }

  private async result(): Promise<HealthCheckResult> {
    try {
      return await this.checks.check([async () => this.postgres.check(), async () => this.dynamodb.check()]);
    } catch (error) {
      // Terminus throws its own result when something is down.
      if (error instanceof ServiceUnavailableException) {
        return error.getResponse() as HealthCheckResult;
      }
      throw error;
    }
  }
}

function identity(): Pick<Liveness, 'service' | 'version' | 'timestamp'> {
  return { service: 'duet', version: serviceVersion, timestamp: new Date().toISOString() };
}
