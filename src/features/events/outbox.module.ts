import { Module } from '@nestjs/common';
import { OutboxWriter } from './outbox.js';
import { PostgresOutboxWriter } from './persistence/postgres-outbox.writer.js';

/** Gives other features the outbox to write to. */
@Module({ providers: [{ provide: OutboxWriter, useClass: PostgresOutboxWriter }], exports: [OutboxWriter] })
export class OutboxModule {}
