import { Body, Controller, createParamDecorator, type ExecutionContext, Header, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Request } from 'express';
import { Public } from '../../common/http/caller.js';
import { bodyProblems, Operation, storeProblems } from '../../common/http/openapi.js';
import { Client, type LimitedClient } from '../../platform/rate-limits/client.js';
import { Limited } from '../credentials/limited.js';
import { type Credentials, credentialsSchema, type RefreshRequest, refreshSchema, type Tokens, tokensSchema } from './auth.schemas.js';
import { AuthService } from './auth.service.js';
import { shortUserAgent } from './session.js';

/** What signs in, by its own name for itself. Not Nest's `Headers`, which would publish a parameter that no one has to set. */
const UserAgent = createParamDecorator((_: unknown, context: ExecutionContext) =>
  shortUserAgent(context.switchToHttp().getRequest<Request>().get('User-Agent')),
);

/** `/auth` */
@Public()
@ApiTags('Auth')
@Controller('auth')
export class AuthController {
  constructor(private readonly auth: AuthService) {}

  @Post('login')
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  @Limited('signIn')
  @Operation({
    id: 'login',
    summary: 'Sign in',
    description: 'Answers an unknown e-mail and a wrong password alike. Failures are limited, for each account and each address.',
    auth: false,
    success: { status: 200, description: 'Tokens.', schema: tokensSchema },
    quota: 'always',
    problems: [...bodyProblems, 'auth.invalid_credentials', 'rate_limit.exceeded', ...storeProblems],
  })
  async login(
    @Body({ schema: credentialsSchema }) credentials: Credentials,
    @Client() client: LimitedClient,
    @UserAgent() userAgent: string | null,
  ): Promise<Tokens> {
    return this.auth.login(credentials, client, userAgent);
  }

  @Post('refresh')
  @HttpCode(200)
  @Header('Cache-Control', 'no-store')
  @Operation({
    id: 'refresh',
    summary: 'Exchange a refresh token',
    description:
      'Each refresh token is good once. Using a spent one again ends the session, but for 10 s the one spent last gives the same successor again, unless that was used: for a reply that was lost.',
    auth: false,
    success: { status: 200, description: 'The next tokens.', schema: tokensSchema },
    problems: [...bodyProblems, 'auth.invalid_refresh_token', ...storeProblems],
  })
  async refresh(@Body({ schema: refreshSchema }) request: RefreshRequest): Promise<Tokens> {
    return this.auth.refresh(request);
  }

  @Post('logout')
  @HttpCode(204)
  @Operation({
    id: 'logout',
    summary: 'Sign out',
    description: 'Ends the session of a refresh token; also when it has ended already. Access tokens run out by themselves.',
    auth: false,
    success: { status: 204, description: 'Ended.' },
    problems: [...bodyProblems, ...storeProblems],
  })
  async logout(@Body({ schema: refreshSchema }) request: RefreshRequest): Promise<void> {
    return this.auth.logout(request);
  }
}
