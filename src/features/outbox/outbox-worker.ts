import { Injectable } from '@nestjs/common';
import { type MayContinue, OutboxEraser } from './outbox-eraser.js';
import { OutboxPublisher } from './outbox-publisher.js';

/** Works through the outbox. Any number of workers may run at once, in any process: a row is leased to one of them. */
@Injectable()
export class OutboxWorker {
  constructor(
    private readonly eraser: OutboxEraser,
    private readonly publisher: OutboxPublisher,
  ) {}

  /**
   * Erases deleted users and publishes events until nothing is due, or the time is up; gives how many rows it took. A row that fails is
   * postponed, not thrown.
   *
   * @throws StoreUnavailableError when PostgreSQL cannot be reached.
   */
  async drain(mayContinue: MayContinue = () => true): Promise<number> {
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
}
