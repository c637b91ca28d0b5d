import { Module } from '@nestjs/common';
import { RecordsController } from './records.controller.js';
import { RecordsCoreModule } from './records-core.module.js';

/** The documents users keep, and their routes. */
@Module({ imports: [RecordsCoreModule], controllers: [RecordsController] })
export class RecordsModule {}
