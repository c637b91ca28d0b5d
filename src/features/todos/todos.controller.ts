import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Put, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { AcceptsMergePatch } from '../../common/http/body.interceptor.js';
import { type Caller, CallersOwn, CurrentCaller, OwnedBy } from '../../common/http/caller.js';
import { Entity } from '../../common/resources/entity.interceptor.js';
import { IfMatch, type VersionCondition } from '../../common/resources/etag.js';
import { IdempotencyKey, type Replay } from '../../common/resources/idempotency-key.js';
import { userIdSchema } from '../../common/ids.js';
import { bodyProblems, Operation, storeProblems } from '../../common/http/openapi.js';
import { Replayable } from '../../common/resources/replayable.interceptor.js';
import {
  todoContentSchema,
  todoIdSchema,
  todoListSchema,
  type TodoPatch,
  todoPatchSchema,
  type TodoQuery,
  todoQuerySchema,
  todoSchema,
} from './todos.schemas.js';
import { TodoListsService } from './lists/todo-lists.service.js';
import { TodosService } from './todos.service.js';
import type { Todo, TodoContent } from './todos.js';

/** Todos: created and listed below their user, read and written by their own id. */
@ApiTags('Todos')
@Controller()
export class TodosController {
  constructor(
    private readonly todos: TodosService,
    private readonly lists: TodoListsService,
  ) {}

  @Post('users/:id/todos')
  @OwnedBy('id')
  @Replayable('result')
  @Entity((todo) => `/todos/${String(todo['id'])}`)
  @Operation({
    id: 'createTodo',
    summary: 'Create a todo',
    description: 'Only `title` is needed. With an `Idempotency-Key` it is created once, however often it is sent.',
    success: { status: 201, description: 'The todo.', schema: todoSchema, headers: ['ETag', 'Location', 'Idempotency-Replayed'] },
    problems: [...bodyProblems, 'access.denied', 'user.not_found', 'idempotency.key_reused', ...storeProblems],
    requestHeaders: ['Idempotency-Key'],
  })
  async create(
    @Param('id', { schema: userIdSchema }) userId: string,
    @Body({ schema: todoContentSchema }) content: TodoContent,
    @IdempotencyKey() key: string | undefined,
  ): Promise<Replay<Todo>> {
    return this.todos.create(userId, content, key);
  }

  @Get('users/:id/todos')
  @OwnedBy('id')
  @Operation({
    id: 'listTodos',
    summary: 'List todos',
    description: 'Newest first by default. `sort=due` and the due filters list active todos that have a due; `archived=true` lists the archive instead.',
    success: { status: 200, description: 'A page of todos.', schema: todoListSchema },
    problems: ['request.invalid', 'cursor.invalid', 'access.denied', ...storeProblems],
  })
  async list(
    @CurrentCaller() { timeZone }: Caller,
    @Param('id', { schema: userIdSchema }) userId: string,
    @Query({ schema: todoQuerySchema }) query: TodoQuery,
  ) {
    return this.lists.list(userId, timeZone, query);
  }

  @Get('todos/:id')
  @CallersOwn()
  @Entity()
  @Operation({
    id: 'getTodo',
    summary: 'Read a todo',
    description: 'From the list or from the archive. Someone else’s is 404.',
    success: { status: 200, description: 'The todo.', schema: todoSchema, headers: ['ETag'] },
    problems: ['request.invalid', 'todo.not_found', ...storeProblems],
    requestHeaders: ['If-None-Match'],
  })
  async get(@CurrentCaller() { userId }: Caller, @Param('id', { schema: todoIdSchema }) id: string): Promise<Todo> {
    return this.todos.get(userId, id);
  }

  @Put('todos/:id')
  @CallersOwn()
  @Entity()
  @Operation({
    id: 'replaceTodo',
    summary: 'Replace a todo',
    description: 'Fields left out return to their defaults.',
    success: { status: 200, description: 'The todo as it is now.', schema: todoSchema, headers: ['ETag'] },
    problems: [...bodyProblems, 'todo.not_found', 'user.not_found', 'version.stale', ...storeProblems],
    requestHeaders: ['If-Match'],
  })
  async replace(
    @CurrentCaller() { userId }: Caller,
    @Param('id', { schema: todoIdSchema }) id: string,
    @Body({ schema: todoContentSchema }) content: TodoContent,
    @IfMatch() condition: VersionCondition | undefined,
  ): Promise<Todo> {
    return this.todos.replace(userId, id, content, condition);
  }

  @Patch('todos/:id')
  @CallersOwn()
  @AcceptsMergePatch()
  @Entity()
  @Operation({
    id: 'patchTodo',
    summary: 'Change parts of a todo',
    description: 'A merge patch (RFC 7396): null clears `description` and `due`, and empties `tags` and `checklist`.',
    success: { status: 200, description: 'The todo as it is now.', schema: todoSchema, headers: ['ETag'] },
    problems: [...bodyProblems, 'todo.not_found', 'user.not_found', 'version.stale', ...storeProblems],
    requestHeaders: ['If-Match'],
  })
  async patch(
    @CurrentCaller() { userId }: Caller,
    @Param('id', { schema: todoIdSchema }) id: string,
    @Body({ schema: todoPatchSchema }) patch: TodoPatch,
    @IfMatch() condition: VersionCondition | undefined,
  ): Promise<Todo> {
    return this.todos.patch(userId, id, patch, condition);
  }

  @Delete('todos/:id')
  @HttpCode(204)
  @CallersOwn()
  @Operation({
    id: 'deleteTodo',
    summary: 'Delete a todo',
    description: 'From the list or from the archive; a second time is 404.',
    success: { status: 204, description: 'Deleted.' },
    problems: ['request.invalid', 'todo.not_found', 'user.not_found', 'version.stale', ...storeProblems],
    requestHeaders: ['If-Match'],
  })
  async delete(
    @CurrentCaller() { userId }: Caller,
    @Param('id', { schema: todoIdSchema }) id: string,
    @IfMatch() condition: VersionCondition | undefined,
  ): Promise<void> {
    await this.todos.delete(userId, id, condition);
  }
}
