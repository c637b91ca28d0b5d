import { Module } from '@nestjs/common';
import { Mailer } from '../../platform/mail/mailer.js';
import { UsersCoreModule } from '../users/users-core.module.js';
import { MailWriter } from './mail-writer.js';

/** Mails to users: for what works through the outbox alone. */
@Module({ imports: [UsersCoreModule], providers: [MailWriter, Mailer], exports: [MailWriter] })
export class MailModule {}
