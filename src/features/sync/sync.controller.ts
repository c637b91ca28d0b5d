import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { OwnedBy } from '../../common/http/caller.js';
import { IdempotencyKey, type Replay } from '../../common/resources/idempotency-key.js';
import { userIdSchema } from '../../common/ids.js';
import { bodyProblems, Operation, storeProblems } from '../../common/http/openapi.js';
import { Replayable } from '../../common/resources/replayable.interceptor.js';
import type { OperationResult } from '../todos/todo-batch.js';
import { type Batch, batchResultSchema, batchSchema, changesQuerySchema, changesSchema, type ChangesQuery } from './sync.schemas.js';
import { type Changes, SyncService } from './sync.service.js';

/** What a client needs to hold a copy of a user's todos. */
@ApiTags('Sync')
@Controller('users/:id')
export class SyncController {
  constructor(private readonly sync: SyncService) {}

  @Get('changes')
  @OwnedBy('id')
  @Operation({
    id: 'listChanges',
    summary: 'Read what has changed',
    description:
      'In the order in which it was committed: each todo as it is now, or that it was deleted or archived. Who applies the pages in order holds what the list shows after a page without `more`.',
    success: { status: 200, description: 'A page of changes.', schema: changesSchema },
    problems: ['request.invalid', 'cursor.invalid', 'access.denied', 'user.not_found', 'sync.expired', ...storeProblems],
  })
  async changes(@Param('id', { schema: userIdSchema }) userId: string, @Query({ schema: changesQuerySchema }) query: ChangesQuery): Promise<Changes> {
    return this.sync.changes(userId, query);
  }

  @Post('todos/batch')
  @HttpCode(200)
  @OwnedBy('id')
  @Replayable('result')
  @Operation({
    id: 'batchTodos',
    summary: 'Write many todos at once',
    description:
      'All operations or none. A patch may bring an archived todo back. A problem has the code of the first operation that fails, and each in `errors`.',
    success: { status: 200, description: 'What each operation came to, in order.', schema: batchResultSchema, headers: ['Idempotency-Replayed'] },
    problems: [
      ...bodyProblems,
      'access.denied',
      'todo.not_found',
      'user.not_found',
      'version.stale',
      'batch.too_large',
      'idempotency.key_reused',
      ...storeProblems,
    ],
    requestHeaders: ['Idempotency-Key'],
  })
  async batch(
    @Param('id', { schema: userIdSchema }) userId: string,
    @Body({ schema: batchSchema }) { operations }: Batch,
    @IdempotencyKey() key: string | undefined,
  ): Promise<Replay<{ results: OperationResult[] }>> {
    return this.sync.batch(userId, operations as Parameters<SyncService['batch']>[1], key);
  }
}
