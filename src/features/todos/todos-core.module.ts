import { Module } from '@nestjs/common';
import { ArchiveService } from './archive.service.js';
import { ChangeFeed } from './lists/change-feed.js';
import { DynamoChangeFeed } from './persistence/dynamo-change-feed.js';
import { DynamoTodoListsRepository } from './persistence/dynamo-todo-lists.repository.js';
import { DynamoTodosRepository } from './persistence/dynamo-todos.repository.js';
import { DynamoUserPartition } from './persistence/dynamo-user-partition.js';
import { ListWriter } from './persistence/list-writer.js';
import { TodoListsRepository } from './lists/todo-lists.repository.js';
import { TodoListsService } from './lists/todo-lists.service.js';
import { TodosRepository } from './todos.repository.js';
import { TodosService } from './todos.service.js';
import { UserPartition } from './user-partition.js';

/** Todos on DynamoDB without their routes: for processes that serve no requests. */
@Module({
  providers: [
    TodosService,
    TodoListsService,
    ArchiveService,
    ListWriter,
    { provide: TodosRepository, useClass: DynamoTodosRepository },
    { provide: TodoListsRepository, useClass: DynamoTodoListsRepository },
    { provide: ChangeFeed, useClass: DynamoChangeFeed },
    { provide: UserPartition, useClass: DynamoUserPartition },
  ],
  exports: [TodosService, TodoListsService, ArchiveService, ChangeFeed, UserPartition],
})
export class TodosCoreModule {}
