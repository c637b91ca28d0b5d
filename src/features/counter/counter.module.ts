import { Module } from '@nestjs/common';
import { CounterController } from './counter.controller.js';
import { CounterRepository } from './counter.repository.js';
import { CounterService } from './counter.service.js';
import { DynamoCounterRepository } from './persistence/dynamo-counter.repository.js';

/** The public visit counter, in DynamoDB. */
@Module({
  controllers: [CounterController],
  providers: [CounterService, { provide: CounterRepository, useClass: DynamoCounterRepository }],
  exports: [CounterService],
})
export class CounterModule {}
