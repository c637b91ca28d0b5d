import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ServiceSecretModule } from '../../platform/secrets/service-secret.module.js';
import { CredentialsModule } from '../credentials/credentials.module.js';
import { UsersModule } from '../users/users.module.js';
import { AccessGuard } from './access.guard.js';
import { AccessTokens } from './access-tokens.js';
import { AuthController } from './auth.controller.js';
import { AuthService } from './auth.service.js';
import { PostgresRefreshTokensRepository } from './persistence/postgres-refresh-tokens.repository.js';
import { RefreshTokensRepository } from './refresh-tokens.repository.js';
import { SessionsController } from './sessions.controller.js';
import { SessionsService } from './sessions.service.js';

/** Sign-in, tokens, and the guard before every route. */
@Module({
  imports: [UsersModule, CredentialsModule, ServiceSecretModule],
  controllers: [AuthController, SessionsController],
  providers: [
    AuthService,
    SessionsService,
    AccessTokens,
    { provide: RefreshTokensRepository, useClass: PostgresRefreshTokensRepository },
    { provide: APP_GUARD, useClass: AccessGuard },
  ],
})
export class AuthModule {}
