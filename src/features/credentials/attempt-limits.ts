import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { remainingStoreMs } from '../../common/http/request-context.js';
import { AppConfig } from '../../config/config.module.js';
import type { LimitedClient } from '../../platform/rate-limits/client.js';
import type { Counter } from '../../platform/rate-limits/counters.js';
import type { Policy, Usage } from '../../platform/rate-limits/policy.js';
import { type Attempt, QuotaSpentError, RateLimiter, type Settlement, type Subject, type Taken } from '../../platform/rate-limits/rate-limiter.js';
import { type Quotas, quotasOf } from './quotas.js';

/** What became of a sign-in; only failures count against the client. */
export interface AttemptOutcome<T> {
  readonly failed: boolean;
  readonly result: T;
}

/** Counts sign-ins, registrations and changes of e-mail. */
@Injectable()
export class AttemptLimits {
  readonly quotas: Quotas;
  private readonly requestMs: number;

  constructor(
    config: AppConfig,
    private readonly limiter: RateLimiter,
  ) {
    this.quotas = quotasOf(config.limits);
    this.requestMs = config.storeTimeouts.requestMs;
  }

  /** How far a quota of the client's address is used; null when its address is not known. */
  async usageOf(policy: Policy, { network }: LimitedClient): Promise<Usage | null> {
    return network === undefined ? null : this.limiter.usage(addressSubject(network), { policy });
  }

  /**
   * Runs one attempt at an account's password; `account` is its normalised e-mail.
   *
   * A place is taken in every quota of failures before `attempt` runs and given back when it does not fail, so that guesses made at the same time cannot pass a
   * quota together. A success clears the narrowest quota and counts against that of successes. Either step is one write for the account and one for the address.
   *
   * @throws QuotaSpentError when a quota is spent; `attempt` has not run then, and nothing was counted.
   */
  async signIn<T>(account: string, client: LimitedClient, attempt: () => Promise<AttemptOutcome<T>>): Promise<T> {
    return this.limitFailures(account, client, [{ policy: this.quotas.success }], attempt);
  }

  /** The same for a password that is asked for again in a session: its failures count as failed sign-ins, its success is none. */
  async confirmation<T>(account: string, client: LimitedClient, attempt: () => Promise<AttemptOutcome<T>>): Promise<T> {
    return this.limitFailures(account, client, [], attempt);
  }

  private async limitFailures<T>(account: string, client: LimitedClient, success: readonly Counter[], attempt: () => Promise<AttemptOutcome<T>>): Promise<T> {
    const { quotas, limiter } = this;
    const { network } = client;
    const perAccount: Counter = { policy: quotas.account };
    const perAddress: Counter = { policy: quotas.address };
    const narrowest: Counter[] = network === undefined ? [] : [{ policy: quotas.accountAddress, member: await limiter.shortHash(network) }];
    const attempts: Attempt[] = [
      { subject: ['account', account], take: [...narrowest, perAccount], require: success },
      ...(network === undefined ? [] : [{ subject: addressSubject(network), take: [perAddress] }]),
    ];
    const [inAccount, inAddress] = (await this.published(client, async () => limiter.take(attempts))) as [Taken, Taken?];
    const settle = async (ofAccount: Settlement): Promise<Usage[]> => {
      const both = [limiter.settle(inAccount, ofAccount), ...(inAddress === undefined ? [] : [limiter.settle(inAddress, { giveBack: [perAddress] })])];
      return (await Promise.all(both)).flat();
    };
    const giveBack = async (): Promise<Usage[]> => settle({ giveBack: [...narrowest, perAccount] });
    this.publish(
      client,
      [inAccount, inAddress].flatMap((taken) => taken?.usages ?? []),
    );
    let outcome: AttemptOutcome<T>;
    try {
      outcome = await attempt();
    } catch (error) {
      // With its own store slow this could outlast the request's time, after the other store has used it up: then it goes on behind the answer.
      this.publish(client, (await Promise.race([giveBack(), sleep(remainingStoreMs(this.requestMs), undefined, { ref: false })])) ?? []);
      throw error;
    }
    if (!outcome.failed) {
      this.publish(client, await settle({ clear: narrowest, giveBack: [perAccount], take: success }));
    }
    return outcome.result;
  }

  /** Counts one registration, whatever becomes of it. @throws QuotaSpentError */
  async registration(client: LimitedClient): Promise<void> {
    if (client.network !== undefined) {
      await this.count(addressSubject(client.network), this.quotas.registration, client);
    }
  }

  /** Counts one change of a user's e-mail, whatever becomes of it. @throws QuotaSpentError */
  async emailChange(userId: string, client: LimitedClient): Promise<void> {
    await this.count(['user', userId], this.quotas.emailChange, client);
  }

  /**
   * Whether one more mail may be sent for an account, as a client asks for it; if so, it is counted. Only the address's own quota is published: the account's
   * would show what others have asked for.
   */
  async allowsMail(kind: 'forgot' | 'verification', account: Subject, client: LimitedClient): Promise<boolean> {
    const quotas = this.quotas[kind];
    client.publish([quotas.address]);
    const own = (usages: readonly Usage[]): void => client.report(usages.filter(({ policy }) => policy === quotas.address));
    try {
      const taken = await this.limiter.take([
        { subject: account, take: [{ policy: quotas.account }] },
        ...(client.network === undefined ? [] : [{ subject: addressSubject(client.network), take: [{ policy: quotas.address }] }]),
      ]);
      own(taken.flatMap(({ usages }) => usages));
      return true;
    } catch (error) {
      if (!(error instanceof QuotaSpentError)) throw error;
      own(error.usages);
      return false;
    }
  }

  private async count(subject: Subject, policy: Policy, client: LimitedClient): Promise<void> {
    const [taken] = await this.published(client, async () => this.limiter.take([{ subject, take: [{ policy }] }]));
    this.publish(client, taken?.usages ?? []);
  }

  private async published<T>(client: LimitedClient, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof QuotaSpentError) this.publish(client, error.usages);
      throw error;
    }
  }

  // The account's quotas are not the caller's own: they would show how many guesses others have made at it.
  private publish(client: LimitedClient, usages: readonly Usage[]): void {
    const { account, success } = this.quotas;
    client.report(usages.filter(({ policy }) => policy !== account && policy !== success));
  }
}

function addressSubject(network: string): Subject {
  return ['address', network];
}
