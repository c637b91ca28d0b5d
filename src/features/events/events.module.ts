import { Module } from '@nestjs/common';
import { AppConfig } from '../../config/config.module.js';
import { EventBridge } from '../../platform/eventbridge/eventbridge.js';
import { Log } from '../../platform/observability/log.js';
import { RecordsModule } from '../records/records.module.js';
import { TodosModule } from '../todos/todos.module.js';
import { DeadEventsService } from './dead-events.service.js';
import { Erasure } from './erasure.js';
import { EventBridgePublisher } from './eventbridge-publisher.js';
import { EventPublisher } from './event-publisher.js';
import { LogPublisher } from './log-publisher.js';
import { OutboxRepository } from './outbox.repository.js';
import { OutboxWorker } from './outbox-worker.js';
import { PostgresOutboxRepository } from './persistence/postgres-outbox.repository.js';

/** The way of events to the bus, and the worker of the outbox. */
@Module({
  imports: [TodosModule, RecordsModule],
  providers: [
    EventBridge,
    {
      provide: EventPublisher,
      inject: [AppConfig, EventBridge, Log],
      useFactory: (config: AppConfig, eventBridge: EventBridge, log: Log) =>
        config.get('events', { infer: true }).busName === undefined ? new LogPublisher(log) : new EventBridgePublisher(eventBridge),
    },
    { provide: OutboxRepository, useClass: PostgresOutboxRepository },
    Erasure,
    OutboxWorker,
    DeadEventsService,
  ],
  exports: [EventPublisher, OutboxWorker, DeadEventsService],
})
export class EventsModule {}
