import { Module } from '@nestjs/common';
import { DynamoTodosRepository } from './persistence/dynamo-todos.repository.js';
import { TodosController } from './todos.controller.js';
import { TodosRepository } from './todos.repository.js';
import { TodosService } from './todos.service.js';

/** Todos on DynamoDB. */
@Module({
  controllers: [TodosController],
  providers: [TodosService, { provide: TodosRepository, useClass: DynamoTodosRepository }],
  exports: [TodosService],
})
export class TodosModule {}
