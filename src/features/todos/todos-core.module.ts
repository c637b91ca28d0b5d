import { Module } from '@nestjs/common';
import { ArchiveService } from './archive.service.js';
import { DynamoTodosRepository } from './persistence/dynamo-todos.repository.js';
import { TodosRepository } from './todos.repository.js';
import { TodosService } from './todos.service.js';

/** Todos on DynamoDB without their routes: for processes that serve no requests. */
@Module({
  providers: [TodosService, ArchiveService, { provide: TodosRepository, useClass: DynamoTodosRepository }],
  exports: [TodosService, ArchiveService],
})
export class TodosCoreModule {}
