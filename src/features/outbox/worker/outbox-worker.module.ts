import { Module } from '@nestjs/common';
import { EventsModule } from '../../events/events.module.js';
import { MailModule } from '../../mail/mail.module.js';
import { OutboxJanitor } from './outbox-janitor.js';
import { OutboxMailer } from './outbox-mailer.js';
import { OutboxModule } from '../outbox.module.js';
import { OutboxPublisher } from './outbox-publisher.js';
import { OutboxWorker } from './outbox-worker.js';

/** What works through the outbox: for the outbox function and the local server, not for the function that serves requests. */
@Module({
  imports: [OutboxModule, EventsModule, MailModule],
  providers: [OutboxPublisher, OutboxMailer, OutboxWorker, OutboxJanitor],
  exports: [OutboxModule, OutboxWorker, OutboxJanitor],
})
export class OutboxWorkerModule {}
