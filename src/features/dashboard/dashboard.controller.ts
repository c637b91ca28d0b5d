import { Controller, Get, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { type Caller, CurrentCaller, OwnedBy } from '../../common/http/caller.js';
import { userIdSchema } from '../../common/ids.js';
import { Operation, storeProblems } from '../../common/http/openapi.js';
import { type Dashboard, dashboardSchema } from './dashboard.schemas.js';
import { DashboardService } from './dashboard.service.js';

/** Both stores in one look. */
@ApiTags('Dashboard')
@Controller('dashboard')
export class DashboardController {
  constructor(private readonly dashboard: DashboardService) {}

  @Get(':id')
  @OwnedBy('id', { adminMayRead: true })
  @Operation({
    id: 'getDashboard',
    summary: 'Read a user’s dashboard',
    description: 'With one store down it answers what the other has, null for the rest, and names the store in `degraded`.',
    success: { status: 200, description: 'The dashboard.', schema: dashboardSchema },
    problems: ['request.invalid', 'access.denied', 'user.not_found', ...storeProblems],
  })
  async get(@CurrentCaller() caller: Caller, @Param('id', { schema: userIdSchema }) id: string): Promise<Dashboard> {
    return this.dashboard.of(id, caller);
  }
}
