import { Module } from '@nestjs/common';
import { OutboxCoreModule } from '../outbox/outbox-core.module.js';
import { PostgresUsersRepository } from './persistence/postgres-users.repository.js';
import { RolesService } from './roles.service.js';
import { UsersRepository } from './users.repository.js';

/** People in PostgreSQL, and what an operator does about them: for processes that serve no requests. */
@Module({
  imports: [OutboxCoreModule],
  providers: [RolesService, { provide: UsersRepository, useClass: PostgresUsersRepository }],
  exports: [RolesService, UsersRepository],
})
export class UsersCoreModule {}
