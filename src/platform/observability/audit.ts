import { Injectable } from '@nestjs/common';
import { Log } from './log.js';

/** One act that must be traceable. Ids only: never an address, an e-mail or a secret. */
export interface AuditEntry {
  /** Who acted: a user's id, `operator`, or `anonymous`. */
  readonly actor: string;
  /** To whom: a user's id, `all`, or `unknown` where no user is known. */
  readonly subject: string;
  readonly outcome: 'ok' | 'failed' | 'limited';
}

/** Writes the audit log: one structured line an act, which a query over the field `audit` finds (docs/deploy.md). */
@Injectable()
export class Audit {
  constructor(private readonly log: Log) {}

  /** Records an act, named as an event code is: `auth.sign_in`. */
  record(audit: `${string}.${string}`, { actor, subject, outcome }: AuditEntry): void {
    this.log.audit({ audit, actor, subject, outcome });
  }
}
