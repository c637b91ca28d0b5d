import { Injectable } from '@nestjs/common';
import { backoffMs } from '../../common/async.js';
import { Log } from '../../platform/observability/log.js';
import type { MailOutcome } from '../../platform/mail/mailer.js';
import { MailWriter } from '../mail/mail-writer.js';
import { logFields, unlessLeaseLost } from './outbox-lease.js';
import { type ClaimedRow, OutboxRepository } from './outbox.repository.js';

/** How many are sent at once. */
const batchSize = 5;
/** So that a run does not take again what it has just postponed. */
const minPauseMs = 1_000;
const backoff = { baseMs: 1_000, maxMs: 10 * 60_000 };
/** After how many failed attempts a mail is given up: as for events, more than a day of {@link backoff}. */
const maxAttempts = 400;

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
        await unlessLeaseLost(this.log, row, async () => this.record(row, outcome));
      }),
    );
    return rows.length;
  }

  private async record(row: ClaimedRow, outcome: MailOutcome): Promise<void> {
    if (outcome.sent) {
      await this.outbox.markDone(row);
    } else if (outcome.permanent || row.attempts >= maxAttempts) {
      await this.outbox.markDead(row, outcome.reason);
      this.log.error('an outbox row is dead: its mail will not be sent unless an operator retries it', { ...logFields(row), reason: outcome.reason });
    } else {
      this.log.warn('a mail could not be sent yet', { ...logFields(row), reason: outcome.reason });
      await this.outbox.postpone(row, minPauseMs + backoffMs(row.attempts - 1, backoff), outcome.reason);
    }
  }
}
