import { Module } from '@nestjs/common';
import { CredentialsModule } from '../credentials/credentials.module.js';
import { OutboxModule } from '../outbox/outbox.module.js';
import { UsersController } from './users.controller.js';
import { UsersCoreModule } from './users-core.module.js';
import { UsersService } from './users.service.js';

/** People and their credentials, and their routes. */
@Module({
  imports: [UsersCoreModule, OutboxModule, CredentialsModule],
  controllers: [UsersController],
  providers: [UsersService],
  exports: [UsersService],
})
export class UsersModule {}
