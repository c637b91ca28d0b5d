import { Module } from '@nestjs/common';
import { RateLimitsModule } from '../../platform/rate-limits/rate-limits.module.js';
import { OutboxModule } from '../outbox/outbox.module.js';
import { Passwords } from './passwords.js';
import { PostgresUsersRepository } from './persistence/postgres-users.repository.js';
import { UsersController } from './users.controller.js';
import { UsersRepository } from './users.repository.js';
import { UsersService } from './users.service.js';

/** People and their credentials. */
@Module({
  imports: [OutboxModule, RateLimitsModule],
  controllers: [UsersController],
  providers: [UsersService, Passwords, { provide: UsersRepository, useClass: PostgresUsersRepository }],
  exports: [UsersService],
})
export class UsersModule {}
