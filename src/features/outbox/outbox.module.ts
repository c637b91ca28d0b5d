import { Module } from '@nestjs/common';
import { EventsModule } from '../events/events.module.js';
import { RecordsModule } from '../records/records.module.js';
import { TodosModule } from '../todos/todos.module.js';
import { DeadEventsService } from './dead-events.service.js';
import { Erasure } from './erasure.js';
import { OutboxWriter } from './outbox.js';
import { OutboxRepository } from './outbox.repository.js';
import { OutboxWorker } from './outbox-worker.js';
import { PostgresOutboxRepository } from './persistence/postgres-outbox.repository.js';
import { PostgresOutboxWriter } from './persistence/postgres-outbox.writer.js';

/** The outbox: where other features write their changes, and the worker that erases deleted users and publishes events. */
@Module({
  imports: [EventsModule, TodosModule, RecordsModule],
  providers: [
    { provide: OutboxWriter, useClass: PostgresOutboxWriter },
    { provide: OutboxRepository, useClass: PostgresOutboxRepository },
    Erasure,
    OutboxWorker,
    DeadEventsService,
  ],
  exports: [OutboxWriter, OutboxWorker, DeadEventsService],
})
export class OutboxModule {}
