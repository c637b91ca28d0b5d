import { Module } from '@nestjs/common';
import { RecordsCoreModule } from '../records/records-core.module.js';
import { TodosCoreModule } from '../todos/todos-core.module.js';
import { Erasure } from './erasure.js';
import { OutboxCoreModule } from './outbox-core.module.js';
import { OutboxEraser } from './outbox-eraser.js';
import { OutboxService } from './outbox.service.js';

/** The outbox for the features that write to it, with the erasure of deleted users. */
@Module({
  imports: [OutboxCoreModule, TodosCoreModule, RecordsCoreModule],
  providers: [Erasure, OutboxEraser, OutboxService],
  exports: [OutboxCoreModule, OutboxEraser, OutboxService],
})
export class OutboxModule {}
