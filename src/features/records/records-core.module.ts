import { Module } from '@nestjs/common';
import { TodosCoreModule } from '../todos/todos-core.module.js';
import { DynamoRecordsRepository } from './persistence/dynamo-records.repository.js';
import { RecordsRepository } from './records.repository.js';
import { RecordsService } from './records.service.js';

/** The documents users keep, in DynamoDB, without their routes: for processes that serve no requests. */
@Module({
  imports: [TodosCoreModule],
  providers: [RecordsService, { provide: RecordsRepository, useClass: DynamoRecordsRepository }],
  exports: [RecordsService],
})
export class RecordsCoreModule {}
