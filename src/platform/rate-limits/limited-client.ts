import { applyDecorators, type CanActivate, createParamDecorator, type ExecutionContext, Injectable, SetMetadata, UseGuards } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';
import { RateLimitedError } from '../../common/errors.js';
import { isSpent, type LimitedAttempt, type LimitedClient, policyList, rateLimitHeader, rateLimitPolicyHeader } from './quota.js';
import { RateLimiter } from './rate-limiter.js';

/** The client of a limited route, as a controller's parameter. */
export const Client = createParamDecorator((_: unknown, context: ExecutionContext): LimitedClient => clientOf(context));

function clientOf(context: ExecutionContext): LimitedClient {
  const request = context.switchToHttp().getRequest<Request>();
  const response = context.switchToHttp().getResponse<Response>();
  return {
    // An IPv4 client of a dual-stack socket is the same client.
    address: (request.ip ?? '').replace(/^::ffff:(?=\d+\.)/i, ''),
    report: (usages) => {
      if (usages.length > 0 && !response.headersSent) {
        response.setHeader('RateLimit-Policy', rateLimitPolicyHeader(usages.map(({ policy }) => policy)));
        response.setHeader('RateLimit', rateLimitHeader(usages));
      }
    },
  };
}

const attemptKey = 'duet:limited';

/**
 * Puts the quota of the client's address into the headers before anything is read, so that every answer carries them, and turns
 * away an address whose quota is spent. What an attempt uses is counted by the service, once it is known to be one.
 */
@Injectable()
class RateLimitGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly limiter: RateLimiter,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const attempt = this.reflector.get<LimitedAttempt>(attemptKey, context.getHandler());
    const { policies } = this.limiter;
    const client = clientOf(context);
    const usage = await this.limiter.usageOf(attempt === 'signIn' ? policies.signIn.address : policies.registration, client.address);
    client.report([usage]);
    context
      .switchToHttp()
      .getResponse<Response>()
      .setHeader('RateLimit-Policy', rateLimitPolicyHeader(policyList(policies, attempt)));
    if (isSpent(usage)) {
      throw new RateLimitedError(usage.resetSeconds);
    }
    return true;
  }
}

/** A route under the quotas of one kind of attempt. */
export const Limited = (attempt: LimitedAttempt): MethodDecorator => applyDecorators(SetMetadata(attemptKey, attempt), UseGuards(RateLimitGuard));
