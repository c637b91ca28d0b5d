import { Injectable } from '@nestjs/common';
import { RateLimitedError } from '../../common/errors/errors.js';
import { Log } from './log.js';

/** One act that must be traceable. Ids only: never an address, an e-mail or a secret. */
export interface AuditEntry {
  /** Who acted: a user's id, `operator`, or `anonymous`. */
  readonly actor: string;
  /** To whom: a user's id, `all`, or `unknown` where no user is known. */
  readonly subject: string;
  readonly outcome: 'ok' | 'failed' | 'limited';
}

/** An act's name, as an event's or an error's is made: `auth.sign_in`. */
export type Act = `${string}.${string}`;

/** Writes the audit log: one structured line an act, which a query over the field `audit` finds (docs/deploy.md). */
@Injectable()
export class Audit {
  constructor(private readonly log: Log) {}

  /** Runs work that does these acts, and records them with its outcome. */
  async follow<T>(acts: readonly Act[], ids: Omit<AuditEntry, 'outcome'>, work: () => Promise<T>): Promise<T> {
    const recordAll = (outcome: AuditEntry['outcome']): void => acts.forEach((act) => this.record(act, { ...ids, outcome }));
    try {
      const result = await work();
      recordAll('ok');
      return result;
    } catch (error) {
      recordAll(error instanceof RateLimitedError ? 'limited' : 'failed');
      throw error;
    }
  }

  /** Records an act. */
  record(audit: Act, { actor, subject, outcome }: AuditEntry): void {
    this.log.audit({ audit, actor, subject, outcome });
  }
}
