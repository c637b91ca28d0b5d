import { Module } from '@nestjs/common';
import { EventsModule } from '../events/events.module.js';
import { OutboxJanitor } from './outbox-janitor.js';
import { OutboxModule } from './outbox.module.js';
import { OutboxPublisher } from './outbox-publisher.js';
import { OutboxWorker } from './outbox-worker.js';

/** What works through the outbox: for the outbox function and the local server, not for the function that serves requests. */
@Module({
  imports: [OutboxModule, EventsModule],
  providers: [OutboxPublisher, OutboxWorker, OutboxJanitor],
  exports: [OutboxModule, OutboxWorker, OutboxJanitor],
})
export class OutboxWorkerModule {}
