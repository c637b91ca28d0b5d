import { Module } from '@nestjs/common';
import { ArchiveService } from './archive.service.js';
import { DynamoTodosRepository } from './persistence/dynamo-todos.repository.js';
import { TodosController } from './todos.controller.js';
import { TodosRepository } from './todos.repository.js';
import { TodosService } from './todos.service.js';

/** Todos on DynamoDB. */
@Module({
  controllers: [TodosController],
  providers: [TodosService, ArchiveService, { provide: TodosRepository, useClass: DynamoTodosRepository }],
  exports: [TodosService, ArchiveService],
})
export class TodosModule {}
