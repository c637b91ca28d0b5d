import { Injectable } from '@nestjs/common';
import type { CountedVisit, VisitCounter } from './counter.js';
import { CounterRepository } from './counter.repository.js';

/** Counts visits. */
@Injectable()
export class CounterService {
  constructor(private readonly counters: CounterRepository) {}

  /** The counter as it is now; counts nothing. */
  async read(): Promise<VisitCounter> {
    return this.counters.read();
  }

  /** Counts one visit: exactly once for an idempotency key, at most once without. */
  async countVisit(idempotencyKey: string | undefined): Promise<CountedVisit> {
    const now = new Date();
    return idempotencyKey === undefined ? { counter: await this.counters.count(now), replayed: false } : this.counters.countOnce(idempotencyKey, now);
  }
}
