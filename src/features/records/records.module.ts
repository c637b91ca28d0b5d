import { Module } from '@nestjs/common';
import { DynamoRecordsRepository } from './persistence/dynamo-records.repository.js';
import { RecordsController } from './records.controller.js';
import { RecordsRepository } from './records.repository.js';
import { RecordsService } from './records.service.js';

/** The documents users keep, in DynamoDB. */
@Module({
  controllers: [RecordsController],
  providers: [RecordsService, { provide: RecordsRepository, useClass: DynamoRecordsRepository }],
  exports: [RecordsService],
})
export class RecordsModule {}
