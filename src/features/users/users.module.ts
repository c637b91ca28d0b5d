import { Module } from '@nestjs/common';
import { CredentialsModule } from '../credentials/credentials.module.js';
import { OutboxModule } from '../outbox/outbox.module.js';
import { RecoveryController } from './recovery.controller.js';
import { RecoveryService } from './recovery.service.js';
import { UsersController } from './users.controller.js';
import { UsersCoreModule } from './users-core.module.js';
import { UsersService } from './users.service.js';

/** People and their credentials, and their routes. */
@Module({
  imports: [UsersCoreModule, OutboxModule, CredentialsModule],
  controllers: [UsersController, RecoveryController],
  providers: [UsersService, RecoveryService],
  exports: [UsersService],
})
export class UsersModule {}
