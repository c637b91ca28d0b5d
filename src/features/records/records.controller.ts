import { Body, Controller, Delete, Get, HttpCode, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type * as z from 'zod';
import { type Caller, CurrentCaller, OwnedByQuery } from '../../common/http/caller.js';
import { CreatedAt } from '../../common/resources/entity.interceptor.js';
import { IdempotencyKey } from '../../common/resources/idempotency-key.js';
import { bodyProblems, Operation, storeProblems } from '../../common/http/openapi.js';
import { Replayable } from '../../common/resources/replayable.interceptor.js';
import type { CreatedRecord, UserRecord } from './records.js';
import {
  newRecordSchema,
  type RecordChange,
  recordChangeSchema,
  type RecordList,
  recordQuerySchema,
  recordsAnswerSchema,
  recordSchema,
  type RecordsQuery,
  recordsQuerySchema,
} from './records.schemas.js';
import { RecordsService } from './records.service.js';

/** One free-form document a user. */
@ApiTags('Records')
@Controller('dynamo')
export class RecordsController {
  constructor(private readonly records: RecordsService) {}

  @Post()
  @Replayable('record')
  @CreatedAt((record) => `/dynamo?user_id=${String(record['user_id'])}`)
  @Operation({
    id: 'createRecord',
    summary: 'Store your record',
    description: 'A user has one record at most, and only the user can store it.',
    requestHeaders: ['Idempotency-Key'],
    success: { status: 201, description: 'The record.', schema: recordSchema, headers: ['Location', 'Idempotency-Replayed'] },
    problems: [...bodyProblems, 'access.denied', 'user.not_found', 'record.exists', 'idempotency.key_reused', ...storeProblems],
  })
  async create(
    @CurrentCaller() caller: Caller,
    @Body({ schema: newRecordSchema }) body: UserRecord,
    @IdempotencyKey() key: string | undefined,
  ): Promise<CreatedRecord> {
    return this.records.create(caller, body, key);
  }

  @Get()
  @OwnedByQuery('user_id', { adminMayRead: true })
  @Operation({
    id: 'getRecords',
    summary: 'Read a record, or list them all',
    description:
      'With `user_id`, that user’s record: one’s own, or anyone’s for an admin. Without, the list of all, for an admin; a page of large records may be short.',
    success: { status: 200, description: 'The record, or a page of them.', schema: recordsAnswerSchema },
    problems: ['request.invalid', 'cursor.invalid', 'access.denied', 'record.not_found', ...storeProblems],
  })
  async read(@CurrentCaller() caller: Caller, @Query({ schema: recordsQuerySchema }) query: RecordsQuery): Promise<UserRecord | RecordList> {
    return this.records.read(caller, query);
  }

  @Patch()
  @Operation({
    id: 'changeRecord',
    summary: 'Set one attribute of your record',
    description: 'Everything but `user_id` can be set, to any JSON value.',
    success: { status: 200, description: 'The whole record, changed.', schema: recordSchema },
    problems: [...bodyProblems, 'record.full', 'access.denied', 'record.not_found', ...storeProblems],
  })
  async change(@CurrentCaller() caller: Caller, @Body({ schema: recordChangeSchema }) change: RecordChange): Promise<UserRecord> {
    return this.records.change(caller, change);
  }

  @Delete()
  @HttpCode(204)
  @OwnedByQuery('user_id', { required: true })
  @Operation({
    id: 'deleteRecord',
    summary: 'Delete your record',
    description: 'A new one can be stored afterwards.',
    success: { status: 204, description: 'Deleted.' },
    problems: ['request.invalid', 'access.denied', 'record.not_found', ...storeProblems],
  })
  async delete(@Query({ schema: recordQuerySchema }) { user_id }: z.output<typeof recordQuerySchema>): Promise<void> {
    await this.records.delete(user_id);
  }
}
