import { createHmac } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { memoize } from '../../common/async.js';
import { RateLimitedError } from '../../common/errors/errors.js';
import { AppConfig } from '../../config/config.module.js';
import { DynamoDb } from '../dynamodb/dynamodb.js';
import { Log } from '../observability/log.js';
import { ServiceSecret } from '../secrets/service-secret.js';
import { type Change, type Counter, isRefused, type Outcome, usageOf, type Windows } from './counters.js';
import { DynamoCounters } from './dynamo-counters.js';
import { MemoryCounters } from './memory-counters.js';
import { isSpent, type Usage } from './policy.js';
import { StoreWatch } from './store-watch.js';

/** Whose counters are kept in one item, such as an account's or an address's. Only a keyed hash of it is stored. */
export type Subject = readonly [kind: string, name: string];

/** Counters of one subject of which an attempt takes a place each, and those that may not be spent. */
export interface Attempt {
  readonly subject: Subject;
  readonly take: readonly Counter[];
  readonly require?: readonly Counter[];
}

/** Places that an attempt has taken of one subject's counters. */
export interface Taken {
  readonly usages: readonly Usage[];
  readonly key: string;
  readonly windows: Windows;
  /** Whether the shared store has counted them, so that it is the one to give them back to. */
  readonly shared: boolean;
}

/** What becomes of the places taken: given back, or their counters cleared; and what is taken besides. */
export interface Settlement {
  readonly giveBack?: readonly Counter[];
  readonly clear?: readonly Counter[];
  readonly take?: readonly Counter[];
}

/** 429: a quota is spent; `usages` are those of the counters that were to be taken. */
export class QuotaSpentError extends RateLimitedError {
  constructor(
    readonly usages: readonly Usage[],
    retryAfterSeconds: number,
  ) {
    super(retryAfterSeconds);
  }
}

/**
 * Counts attempts in fixed windows, in DynamoDB for all instances together. While the store is down or too slow, the same limits hold in this process, from what
 * it last knew; a warning says when that begins.
 */
@Injectable()
export class RateLimiter {
  private readonly local = new MemoryCounters();
  private readonly watch: StoreWatch;
  private readonly giveUpMs: number;
  private shared: DynamoCounters | undefined;
  private readonly hashKey = memoize(async () => this.secret.keyFor('rate-limit-keys'));

  constructor(
    config: AppConfig,
    private readonly dynamoDb: DynamoDb,
    private readonly secret: ServiceSecret,
    log: Log,
  ) {
    const { tryMs } = config.storeTimeouts;
    // A late answer is waited for by nothing, but shows that the store is not down.
    this.giveUpMs = 2 * tryMs;
    this.watch = new StoreWatch(
      tryMs,
      (error) => log.warn('rate limits hold in this process only: their store does not answer', { error: error as Error }),
      () => log.info('rate limits are shared again'),
    );
  }

  /** How far one counter is used. */
  async usage(subject: Subject, counter: Counter): Promise<Usage> {
    return usageOf(await this.read(await this.hash(subject)), counter);
  }

  /**
   * Takes a place in every counter of an attempt, or in none; at once for all subjects, so that attempts at the same time cannot pass a quota together.
   *
   * @returns what was taken, in the order of the subjects.
   * @throws QuotaSpentError
   */
  async take(attempts: readonly Attempt[]): Promise<Taken[]> {
    const found = await Promise.all(
      attempts.map(async ({ subject, take, require = [] }) => {
        const key = await this.hash(subject);
        return { key, counters: take, changes: changesOf('take', take), required: changesOf('take', [...take, ...require]), windows: await this.read(key) };
      }),
    );
    // Reading first keeps an attempt that one quota refuses from using up the others, and shows the write which windows are open.
    if (found.some(({ windows, required }) => isRefused(windows, required))) {
      throw quotaSpent(found);
    }
    const taken = await Promise.all(found.map(async (each) => ({ ...each, ...(await this.apply(each.key, each.changes, each.windows)) })));
    if (taken.some(({ refused }) => refused)) {
      const undone = taken.filter(({ refused }) => !refused);
      await Promise.all(undone.map(async (each) => this.settle(each, { giveBack: each.counters })));
      throw quotaSpent(taken);
    }
    return taken.map(({ key, counters, windows, shared }) => ({ key, windows, shared, usages: counters.map((counter) => usageOf(windows, counter)) }));
  }

  /**
   * Settles what an attempt has taken, in one write: gives places back, clears counters, takes others.
   *
   * @returns the usages afterwards, of those given back, cleared and taken.
   * @throws QuotaSpentError when one that is to be taken is spent; then nothing was changed.
   */
  async settle({ key, windows, shared }: Omit<Taken, 'usages'>, { giveBack = [], clear = [], take = [] }: Settlement): Promise<Usage[]> {
    const counters = [...giveBack, ...clear, ...take];
    const changes = [...changesOf('giveBack', giveBack), ...changesOf('clear', clear), ...changesOf('take', take)];
    const outcome = shared ? await this.apply(key, changes, windows) : this.local.apply(key, changes);
    if (outcome.refused) {
      throw quotaSpent([{ windows: outcome.windows, counters, required: changes }]);
    }
    return counters.map((counter) => usageOf(outcome.windows, counter));
  }

  /** A name for a counter's member, which reveals nothing of it. */
  async shortHash(name: string): Promise<string> {
    return (await this.hash(['member', name])).slice(0, 16);
  }

  // Neither addresses nor e-mails are stored in clear; a keyed hash cannot be undone by trying all of them.
  private async hash(parts: readonly string[]): Promise<string> {
    return createHmac('sha256', await this.hashKey())
      .update(JSON.stringify(parts))
      .digest('base64url');
  }

  private async read(key: string): Promise<Windows> {
    const windows = await this.ask(async (shared) => shared.read(key));
    return windows === null ? this.local.read(key) : this.local.learn(key, windows);
  }

  private async apply(key: string, changes: readonly Change[], windows: Windows): Promise<Outcome & { readonly shared: boolean }> {
    const outcome = await this.ask(async (shared) => shared.apply(key, changes, windows));
    return outcome === null ? { ...this.local.apply(key, changes), shared: false } : { ...this.local.confirm(key, changes, outcome), shared: true };
  }

  private async ask<T>(work: (shared: DynamoCounters) => Promise<T>): Promise<T | null> {
    this.shared ??= new DynamoCounters(this.dynamoDb.failFastClient(this.giveUpMs), this.dynamoDb.tables.rateLimits);
    const { shared } = this;
    return this.watch.ask(async () => work(shared));
  }
}

function changesOf(act: Change['act'], counters: readonly Counter[]): Change[] {
  return counters.map((counter) => ({ act, counter }));
}

function quotaSpent(
  found: readonly { readonly windows: Windows; readonly counters: readonly Counter[]; readonly required: readonly Change[] }[],
): QuotaSpentError {
  const usages = found.flatMap(({ windows, counters }) => counters.map((counter) => usageOf(windows, counter)));
  const spent = found
    .flatMap(({ windows, required }) => required.filter(({ act }) => act === 'take').map(({ counter }) => usageOf(windows, counter)))
    .filter(isSpent);
  return new QuotaSpentError(usages, Math.max(1, ...spent.map(({ resetSeconds }) => resetSeconds)));
}
