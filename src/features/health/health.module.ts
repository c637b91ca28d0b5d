import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { CounterModule } from '../counter/counter.module.js';
import { DynamoDbHealthIndicator } from './dynamodb.health.js';
import { HealthController } from './health.controller.js';
import { HealthService } from './health.service.js';
import { PostgresHealthIndicator } from './postgres.health.js';

/** Readiness and liveness. */
@Module({
  // The indicators log what failed, with its cause; Terminus would log the answer's body again, and not as JSON.
  imports: [TerminusModule.forRoot({ logger: false }), CounterModule],
  controllers: [HealthController],
  providers: [HealthService, PostgresHealthIndicator, DynamoDbHealthIndicator],
})
export class HealthModule {}
