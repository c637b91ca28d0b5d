import { applyDecorators, type CanActivate, type ExecutionContext, Injectable, SetMetadata, UseGuards } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { Audit } from '../../platform/observability/audit.js';
import { clientOf } from '../../platform/rate-limits/client.js';
import { isSpent } from '../../platform/rate-limits/policy.js';
import { QuotaSpentError } from '../../platform/rate-limits/rate-limiter.js';
import { AttemptLimits } from './attempt-limits.js';

type LimitedAttempt = 'signIn' | 'registration';

const attemptKey = 'duet:limited';

/**
 * Puts the quota of the client's address into the headers before anything is read, so that every answer carries them, and refuses an address whose quota is
 * spent. What an attempt uses is counted by the service, once it is known to be one.
 */
@Injectable()
class RateLimitGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly limits: AttemptLimits,
    private readonly audit: Audit,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const { accountAddress, account, address, success, registration } = this.limits.quotas;
    const [policies, own] =
      this.reflector.get<LimitedAttempt>(attemptKey, context.getHandler()) === 'signIn'
        ? [[accountAddress, account, address, success], address]
        : [[registration], registration];
    const client = clientOf(context);
    client.publish(policies);
    const usage = await this.limits.usageOf(own, client);
    if (usage !== null) {
      client.report([usage]);
      if (isSpent(usage)) {
        this.audit.record(own === address ? 'auth.sign_in' : 'user.registered', { actor: 'anonymous', subject: 'unknown', outcome: 'limited' });
        throw new QuotaSpentError([usage], usage.resetSeconds);
      }
    }
    return true;
  }
}

/** A route under the quotas of one kind of attempt. */
export const Limited = (attempt: LimitedAttempt): MethodDecorator => applyDecorators(SetMetadata(attemptKey, attempt), UseGuards(RateLimitGuard));
