import { Module } from '@nestjs/common';
import { DeadDeliveriesService } from './dead-deliveries.service.js';
import { OutboxWriter } from './outbox.js';
import { OutboxRepository } from './outbox.repository.js';
import { PostgresOutboxRepository } from './persistence/postgres-outbox.repository.js';
import { PostgresOutboxWriter } from './persistence/postgres-outbox.writer.js';

/** The outbox as a table: what writes to it and what an operator does with it, and nothing that works on its rows. */
@Module({
  providers: [
    { provide: OutboxWriter, useClass: PostgresOutboxWriter },
    { provide: OutboxRepository, useClass: PostgresOutboxRepository },
    DeadDeliveriesService,
  ],
  exports: [OutboxWriter, OutboxRepository, DeadDeliveriesService],
})
export class OutboxCoreModule {}
