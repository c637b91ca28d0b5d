import { Module } from '@nestjs/common';
import { RateLimitsModule } from '../../platform/rate-limits/rate-limits.module.js';
import { OutboxModule } from '../outbox/outbox.module.js';
import { Passwords } from './passwords.js';
import { UsersController } from './users.controller.js';
import { UsersCoreModule } from './users-core.module.js';
import { UsersService } from './users.service.js';

/** People and their credentials, and their routes. */
@Module({
  imports: [UsersCoreModule, OutboxModule, RateLimitsModule],
  controllers: [UsersController],
  providers: [UsersService, Passwords],
  exports: [UsersService],
})
export class UsersModule {}
