import { Injectable } from '@nestjs/common';
import { Log } from '../../../platform/observability/log.js';
import { MailWriter } from '../../mail/mail-writer.js';
import { type FailureMessages, recordDelivery } from '../outbox-lease.js';
import { OutboxRepository } from '../outbox.repository.js';

/** How many are sent at once. */
const batchSize = 5;
const messages: FailureMessages = {
  postponed: 'a mail could not be sent yet',
  dead: 'an outbox row is dead: its mail will not be sent unless an operator retries it',
};

/** Sends the mails that rows ask for, in no order: each is on its own. */
@Injectable()
export class OutboxMailer {
  constructor(
    private readonly outbox: OutboxRepository,
    private readonly writer: MailWriter,
    private readonly log: Log,
  ) {}

  /** Sends the next mails that are due, at most five, and gives how many it took. One that fails is postponed or dead, not thrown. */
  async sendNext(): Promise<number> {
    const rows = await this.outbox.claimMails(batchSize);
    await Promise.all(
      rows.map(async (row) => {
        const outcome = await this.writer.send(row);
        await recordDelivery({ outbox: this.outbox, log: this.log }, row, outcome.sent ? null : outcome, messages);
      }),
    );
    return rows.length;
  }
}
