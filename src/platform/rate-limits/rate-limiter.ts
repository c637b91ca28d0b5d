import { createHmac } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { RateLimiterDynamo, RateLimiterRes } from 'rate-limiter-flexible';
import { memoize, Semaphore, withTimeout } from '../../common/async.js';
import { RateLimitedError, ServiceBusyError } from '../../common/errors.js';
import { remainingStoreMs } from '../../common/request-context.js';
import type { StoreTimeouts } from '../../config/config.js';
import { AppConfig } from '../../config/config.module.js';
import { DynamoDb } from '../dynamodb/dynamodb.js';
import { isConditionFailed } from '../dynamodb/transactions.js';
import { Log } from '../observability/log.js';
import { ServiceSecret } from '../service-secret.js';
import { isOverdrawn, isSpent, policiesOf, type Policies, type Policy, type Usage, unused, type LimitedClient } from './quota.js';
import { limiterTable, type LimiterTable } from './limiter-table.js';

/** One counter: a policy, and whom it counts for. The subject is stored only as a keyed hash. */
interface Counter {
  readonly policy: Policy;
  readonly subject: readonly string[];
}

/** What became of an attempt at signing in; only `failed` counts. */
export interface AttemptOutcome<T> {
  readonly failed: boolean;
  readonly result: T;
}

/** After this many failures in a row the store is left alone for a while, so that a dead one slows nobody down. */
const failuresToPause = 3;
const pauseMs = 5_000;
/** As many as Node has threads to hash passwords with; more would only wait there, holding their reservations. */
const attemptsAtOnce = 4;

/**
 * Counts attempts in DynamoDB, for all instances together (rate-limiter-flexible: fixed windows, atomic counters).
 *
 * It fails open: when its store is down, every quota counts as unused, and a warning is logged.
 */
@Injectable()
export class RateLimiter {
  /** The policies with the configured quotas. */
  readonly policies: Policies;
  private readonly attempts = new Semaphore(attemptsAtOnce);
  private readonly limiters = new Map<Policy['name'], RateLimiterDynamo>();
  private table: LimiterTable | undefined;
  private readonly hashKey = memoize(async () => this.secret.keyFor('rate-limit-keys'));
  private failures = 0;
  private pausedUntil = 0;
  private readonly timeouts: StoreTimeouts;

  constructor(
    @Inject(AppConfig) config: AppConfig,
    private readonly dynamoDb: DynamoDb,
    private readonly secret: ServiceSecret,
    private readonly log: Log,
  ) {
    this.timeouts = config.get('storeTimeouts', { infer: true });
    this.policies = policiesOf(config.get('limits', { infer: true }));
  }

  /**
   * Runs one attempt at an account's password under the sign-in quotas.
   *
   * A place is taken in every quota before `attempt` runs and given back when it does not fail, so that guesses made at the same
   * time cannot pass the quota together. A success clears the narrowest quota.
   *
   * @throws RateLimitedError when a quota is spent, ServiceBusyError when the attempt's turn came too late; `attempt` has not run
   * then, and nothing was counted.
   */
  async countFailures<T>(account: string, client: LimitedClient, attempt: () => Promise<AttemptOutcome<T>>): Promise<T> {
    const { accountAddress, account: ofAccount, address } = this.policies.signIn;
    const narrowest: Counter = { policy: accountAddress, subject: [account, client.address] };
    const counters = [narrowest, { policy: ofAccount, subject: [account] }, { policy: address, subject: [client.address] }];
    return this.attempts.run(async () => {
      if (remainingStoreMs(this.timeouts.requestMs) <= 1) {
        // Its time went by in the queue: an answer that was promised within 3 s would only hold up those behind it.
        throw new ServiceBusyError();
      }
      // Reading first keeps a client that is locked out already from using up the account's other quotas.
      this.refuseWhen(isSpent, await Promise.all(counters.map(async (counter) => this.read(counter))), client);
      const taken = await Promise.all(counters.map(async (counter) => this.change(counter, 1)));
      if (taken.some(isOverdrawn)) {
        await this.giveBack(counters);
      }
      this.refuseWhen(isOverdrawn, taken, client);
      let outcome: AttemptOutcome<T>;
      try {
        outcome = await attempt();
      } catch (error) {
        // With its own store slow this could outlast the request's time, after the other store has used it up: then it goes on behind the answer.
        client.report(
          await withTimeout(
            remainingStoreMs(this.timeouts.requestMs),
            async () => this.giveBack(counters),
            () => [],
          ),
        );
        throw error;
      }
      if (!outcome.failed) {
        const [, ...wider] = counters;
        const [cleared, ...left] = await Promise.all([this.clear(narrowest), ...wider.map(async (counter) => this.change(counter, -1))]);
        client.report([cleared, ...left]);
      }
      return outcome.result;
    });
  }

  /**
   * Counts one registration, whatever becomes of it.
   *
   * @throws RateLimitedError when the address has made too many.
   */
  async countRegistration(client: LimitedClient): Promise<void> {
    const counter: Counter = { policy: this.policies.registration, subject: [client.address] };
    this.refuseWhen(isOverdrawn, [await this.change(counter, 1)], client);
  }

  /** How far an address's own quota is used, without using it. */
  async usageOf(policy: Policy, address: string): Promise<Usage> {
    return this.read({ policy, subject: [address] });
  }

  private refuseWhen(gone: (usage: Usage) => boolean, usages: readonly Usage[], client: LimitedClient): void {
    client.report(usages);
    const spent = usages.filter(gone);
    if (spent.length > 0) {
      throw new RateLimitedError(Math.max(...spent.map(({ resetSeconds }) => resetSeconds)));
    }
  }

  private async giveBack(counters: readonly Counter[]): Promise<Usage[]> {
    return Promise.all(counters.map(async (counter) => this.change(counter, -1)));
  }

  private async read({ policy, subject }: Counter): Promise<Usage> {
    return this.failingOpen(policy, async (limiter) => {
      const result = await limiter.get(await this.keyOf(subject));
      return result === null ? unused(policy) : usageIn(policy, result);
    });
  }

  private async clear({ policy, subject }: Counter): Promise<Usage> {
    return this.failingOpen(policy, async (limiter) => {
      await limiter.delete(await this.keyOf(subject));
      return unused(policy);
    });
  }

  // `penalty` and `reward` are `consume` without its verdict.
  private async change({ policy, subject }: Counter, by: 1 | -1): Promise<Usage> {
    return this.failingOpen(policy, async (limiter) => {
      const key = await this.keyOf(subject);
      for (let attempt = 1; ; attempt += 1) {
        try {
          return usageIn(policy, await (by === 1 ? limiter.penalty(key) : limiter.reward(key)));
        } catch (error) {
          // The library opens a window or adds to the open one; between its two writes a window may end, or be cleared.
          if (!isConditionFailed(error) || attempt === 5) {
            throw error;
          }
        }
      }
    });
  }

  private async failingOpen(policy: Policy, work: (limiter: RateLimiterDynamo) => Promise<Usage>): Promise<Usage> {
    if (performance.now() < this.pausedUntil) {
      return unused(policy);
    }
    try {
      const usage = await this.inTime(async () => work(await this.limiterOf(policy)));
      this.failures = 0;
      return usage;
    } catch (error) {
      this.failures += 1;
      if (this.failures >= failuresToPause) {
        this.pausedUntil = performance.now() + pauseMs;
      }
      this.log.warn('rate limiter is without its store: not limiting', { policy: policy.name, error: error as Error });
      return unused(policy);
    }
  }

  /** The library answers a call that failed with another one: each is bounded, and this bounds them together. Signing in waits no longer for it. */
  private async inTime(work: () => Promise<Usage>): Promise<Usage> {
    const { connectMs } = this.timeouts;
    return withTimeout(connectMs, work, () => {
      throw new Error(`The limiter's store took longer than ${connectMs} ms`);
    });
  }

  private async limiterOf(policy: Policy): Promise<RateLimiterDynamo> {
    const known = this.limiters.get(policy.name);
    if (known !== undefined) {
      return known;
    }
    const { RateLimiterDynamo } = await import('rate-limiter-flexible');
    this.table ??= limiterTable(this.dynamoDb.hastyClient(this.timeouts.connectMs), this.timeouts.connectMs);
    const limiter = new RateLimiterDynamo({
      storeClient: this.table,
      tableName: this.dynamoDb.tables.rateLimits,
      keyPrefix: policy.name,
      points: policy.quota,
      duration: policy.windowSeconds,
      // Terraform or the local provisioning made the table and set its TTL: a function may do neither.
      tableCreated: true,
      ttlSet: true,
    });
    this.limiters.set(policy.name, limiter);
    return limiter;
  }

  // Neither addresses nor e-mails are stored in clear; a keyed hash cannot be undone by trying all addresses.
  private async keyOf(subject: readonly string[]): Promise<string> {
    return createHmac('sha256', await this.hashKey())
      .update(JSON.stringify(subject))
      .digest('base64url');
  }
}

function usageIn(policy: Policy, { consumedPoints, msBeforeNext }: RateLimiterRes): Usage {
  return { policy, used: Math.max(0, consumedPoints), resetSeconds: Math.min(policy.windowSeconds, Math.max(1, Math.ceil(msBeforeNext / 1000))) };
}
