import { Module } from '@nestjs/common';
import { OutboxCoreModule } from '../outbox/outbox-core.module.js';
import { LinksModule } from '../links/links.module.js';
import { MailRecipients } from './mail-recipients.service.js';
import { PostgresUsersRepository } from './persistence/postgres-users.repository.js';
import { RolesService } from './roles.service.js';
import { UsersRepository } from './users.repository.js';

/** People in PostgreSQL, and what an operator does about them: for processes that serve no requests. */
@Module({
  imports: [OutboxCoreModule, LinksModule],
  providers: [RolesService, MailRecipients, { provide: UsersRepository, useClass: PostgresUsersRepository }],
  exports: [RolesService, MailRecipients, LinksModule, UsersRepository],
})
export class UsersCoreModule {}
