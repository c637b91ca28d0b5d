import { Controller, Get, Header, Res } from '@nestjs/common';
import { ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Public } from '../../common/caller.js';
import { Operation } from '../../common/openapi.js';
import type { Liveness, Readiness } from './health.js';
import { livenessSchema, readinessSchema } from './health.schemas.js';
import { HealthService } from './health.service.js';

/** For load balancers, alarms and people who wonder. */
@Public()
@ApiTags('Health')
@Controller('health')
export class HealthController {
  constructor(private readonly health: HealthService) {}

  @Get()
  @Header('Cache-Control', 'no-store')
  @Operation({
    id: 'getHealth',
    summary: 'Whether both stores can be reached',
    description: 'Reads only. Each store is waited for one second at most.',
    auth: false,
    success: { status: 200, description: 'Both stores are up.', schema: readinessSchema },
    problems: [],
  })
  @ApiResponse({
    status: 503,
    description: 'A store is down, or the service is shutting down: the same shape, not a problem.',
    headers: { 'X-Request-Id': { description: 'Names this request in the logs.', schema: { type: 'string' } } },
    standardSchema: readinessSchema,
  })
  async readiness(@Res({ passthrough: true }) response: Response): Promise<Readiness> {
    const readiness = await this.health.readiness();
    response.statusCode = readiness.status === 'ok' ? 200 : 503;
    return readiness;
  }

  @Get('live')
  @Header('Cache-Control', 'no-store')
  @Operation({
    id: 'getLiveness',
    summary: 'Whether the process serves',
    description: 'Asks no store.',
    auth: false,
    success: { status: 200, description: 'It does.', schema: livenessSchema },
    problems: [],
  })
  liveness(): Liveness {
    return this.health.liveness();
  }
}
