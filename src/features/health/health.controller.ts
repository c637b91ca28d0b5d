import { Controller, Get, Header, UseInterceptors } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Public } from '../../common/http/caller.js';
import { Operation } from '../../common/http/openapi.js';
import { HealthStatusInterceptor } from './health-status.interceptor.js';
import { type Liveness, livenessSchema, type Readiness, readinessSchema } from './health.schemas.js';
import { HealthService } from './health.service.js';

/** For load balancers, alarms and people who wonder. */
@Public()
@ApiTags('Health')
@Controller('health')
export class HealthController {
  constructor(private readonly health: HealthService) {}

  @Get()
  @UseInterceptors(HealthStatusInterceptor)
  @Header('Cache-Control', 'no-store')
  @Operation({
    id: 'getHealth',
    summary: 'Whether both stores can be reached',
    description: 'Reads only. Each store is waited for one second at most.',
    auth: false,
    success: { status: 200, description: 'Both stores are up.', schema: readinessSchema },
    failures: [{ status: 503, description: 'A store is down, or the service is shutting down: the same shape, not a problem.', schema: readinessSchema }],
    problems: [],
  })
  async getHealth(): Promise<Readiness> {
    return this.health.readiness();
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
  getLiveness(): Liveness {
    return this.health.liveness();
  }
}
