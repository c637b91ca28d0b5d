import { Module } from '@nestjs/common';
import { EventsModule } from '../events/events.module.js';
import { RecordsCoreModule } from '../records/records-core.module.js';
import { TodosCoreModule } from '../todos/todos-core.module.js';
import { Erasure } from './erasure.js';
import { OutboxCoreModule } from './outbox-core.module.js';
import { OutboxWorker } from './outbox-worker.js';

/** The outbox with its worker, which erases deleted users and publishes events. */
@Module({
  imports: [OutboxCoreModule, EventsModule, TodosCoreModule, RecordsCoreModule],
  providers: [Erasure, OutboxWorker],
  exports: [OutboxCoreModule, OutboxWorker],
})
export class OutboxModule {}
