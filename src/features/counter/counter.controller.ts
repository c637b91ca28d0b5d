import { Body, Controller, Get, HttpCode, Post } from '@nestjs/common';
import { ApiBody, ApiTags } from '@nestjs/swagger';
import { Public } from '../../common/http/caller.js';
import { IdempotencyKey } from '../../common/resources/idempotency-key.js';
import { bodyProblems, Operation, storeProblems } from '../../common/http/openapi.js';
import { Replayable } from '../../common/resources/replayable.interceptor.js';
import type { CountedVisit, VisitCounter } from './counter.js';
import { visitCounterSchema, visitSchema } from './counter.schemas.js';
import { CounterService } from './counter.service.js';

/** The public visit counter. */
@Public()
@ApiTags('Counter')
@Controller('counter')
export class CounterController {
  constructor(private readonly counter: CounterService) {}

  @Get()
  @Operation({
    id: 'getCounter',
    summary: 'Read the visit counter',
    description: 'Counts nothing.',
    auth: false,
    success: { status: 200, description: 'The counter.', schema: visitCounterSchema },
    problems: [...storeProblems],
  })
  async read(): Promise<VisitCounter> {
    return this.counter.read();
  }

  @Post()
  @HttpCode(200)
  @Replayable('counter')
  @ApiBody({ required: false })
  @Operation({
    id: 'countVisit',
    summary: 'Count one visit',
    description:
      'Send no body, or `{}`. With an `Idempotency-Key` the visit counts exactly once, however often it is sent; the keys are shared by all callers. Without one it counts at most once: after a 503 it may or may not have counted.',
    auth: false,
    requestHeaders: ['Idempotency-Key'],
    success: { status: 200, description: 'The counter with this visit in it.', schema: visitCounterSchema, headers: ['Idempotency-Replayed'] },
    problems: [...bodyProblems, ...storeProblems],
  })
  async count(@Body({ schema: visitSchema }) _visit: object | undefined, @IdempotencyKey() key: string | undefined): Promise<CountedVisit> {
    return this.counter.countVisit(key);
  }
}
