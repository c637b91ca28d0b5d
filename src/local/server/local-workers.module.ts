import { Module } from '@nestjs/common';
import { OutboxWorkerModule } from '../../features/outbox/worker/outbox-worker.module.js';
import { StreamsModule } from '../../features/streams/streams.module.js';
import { OutboxScheduler } from '../outbox/outbox-scheduler.js';

/** What the stream and the outbox function do on AWS, in the local server's process. */
@Module({ imports: [OutboxWorkerModule, StreamsModule], providers: [OutboxScheduler] })
export class LocalWorkersModule {}
