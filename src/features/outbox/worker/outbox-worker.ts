import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { type MayContinue, OutboxEraser } from '../outbox-eraser.js';
import { OutboxMailer } from './outbox-mailer.js';
import { OutboxPublisher } from './outbox-publisher.js';

/** How often to look for events while a mail is being sent. */
const lookAgainMs = 250;

/** Works through the outbox. Any number of workers may run at once, in any process: a row is leased to one of them. */
@Injectable()
export class OutboxWorker {
  constructor(
    private readonly eraser: OutboxEraser,
    private readonly publisher: OutboxPublisher,
    private readonly mailer: OutboxMailer,
  ) {}

  /**
   * Erases deleted users, publishes events and sends mails until nothing is due, or the time is up; gives how many rows it took. A row that fails is
   * postponed, not thrown. A slow mail server holds up no event.
   *
   * @throws StoreUnavailableError when PostgreSQL cannot be reached.
   */
  async drain(mayContinue: MayContinue = () => true): Promise<number> {
    const mails = this.sendMails(mayContinue);
    const allSent = mails.then(() => true);
    // Its failure is thrown below, if that of the events does not come first.
    allSent.catch(() => undefined);
    let total = await this.publishEvents(mayContinue);
    while (!(await Promise.race([allSent, sleep(lookAgainMs, false, { ref: false })]))) {
      total += await this.publishEvents(mayContinue);
    }
    return total + (await mails);
  }

  private async publishEvents(mayContinue: MayContinue): Promise<number> {
    let total = 0;
    while (mayContinue()) {
      const erasures = (await this.eraser.eraseNext(mayContinue)) === 'none' ? 0 : 1;
      const events = mayContinue() ? await this.publisher.publishNext() : 0;
      if (erasures + events === 0) {
        break;
      }
      total += erasures + events;
    }
    return total;
  }

  private async sendMails(mayContinue: MayContinue): Promise<number> {
    let total = 0;
    for (let taken = 1; taken > 0 && mayContinue(); total += taken) {
      taken = await this.mailer.sendNext();
    }
    return total;
  }
}
