import { Controller, Delete, Get, HttpCode, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { type Caller, CurrentCaller, OwnedBy } from '../../common/http/caller.js';
import { Operation, storeProblems } from '../../common/http/openapi.js';
import { userIdSchema } from '../../common/ids.js';
import { sessionIdSchema, type SessionList, sessionListSchema } from './sessions.schemas.js';
import { SessionsService } from './sessions.service.js';

/** `/users/{id}/sessions` */
@ApiTags('Sessions')
@Controller('users/:id/sessions')
export class SessionsController {
  constructor(private readonly sessions: SessionsService) {}

  @Get()
  @OwnedBy('id')
  @Operation({
    id: 'listSessions',
    summary: 'List where you are signed in',
    description: 'A session begins with a sign-in and lasts as long as it is refreshed. Its user agent is what the client said then.',
    success: { status: 200, description: 'The sessions, latest use first; 20 at most.', schema: sessionListSchema },
    problems: ['request.invalid', 'access.denied', 'user.not_found', ...storeProblems],
  })
  async list(@Param('id', { schema: userIdSchema }) _id: string, @CurrentCaller() caller: Caller): Promise<SessionList> {
    return { items: await this.sessions.list(caller) };
  }

  @Delete()
  @HttpCode(204)
  @OwnedBy('id')
  @Operation({
    id: 'endSessions',
    summary: 'Sign out everywhere',
    description: 'Ends every session, this one too: no refresh token holds any more. Access tokens run out by themselves, within 15 minutes.',
    success: { status: 204, description: 'Ended.' },
    problems: ['request.invalid', 'access.denied', ...storeProblems],
  })
  async endAll(@Param('id', { schema: userIdSchema }) _id: string, @CurrentCaller() caller: Caller): Promise<void> {
    return this.sessions.endAll(caller);
  }

  @Delete(':sessionId')
  @HttpCode(204)
  @OwnedBy('id')
  @Operation({
    id: 'endSession',
    summary: 'End a session',
    description: 'Its refresh tokens hold no longer; its access token runs out by itself, within 15 minutes.',
    success: { status: 204, description: 'Ended.' },
    problems: ['request.invalid', 'access.denied', 'session.not_found', ...storeProblems],
  })
  async end(
    @Param('id', { schema: userIdSchema }) _id: string,
    @Param('sessionId', { schema: sessionIdSchema }) sessionId: string,
    @CurrentCaller() caller: Caller,
  ): Promise<void> {
    return this.sessions.end(caller, sessionId);
  }
}
