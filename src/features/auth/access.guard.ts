import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { type AccessRule, accessRuleKey, type AuthenticatedRequest, type Caller } from '../../common/caller.js';
import { DuetError } from '../../common/errors.js';
import { ownIdAlias } from '../../common/ids.js';
import { AccessTokens } from './access-tokens.js';

const safeMethods = new Set(['GET', 'HEAD']);
// RFC 6750, section 2.1.
const bearer = /^Bearer +([\w.~+/-]+=*)$/i;

/** Stands before every route: who calls, and whether the route's rule lets them. It reads the token alone, never a store. */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly tokens: AccessTokens,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const rule = this.reflector.getAllAndOverride<AccessRule | undefined>(accessRuleKey, [context.getHandler(), context.getClass()]) ?? {};
    if (rule.public) {
      return true;
    }
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    request.caller = await this.identify(request.headers.authorization);
    if (rule.owner?.in === 'params' && request.params[rule.owner.name] === ownIdAlias) {
      request.params[rule.owner.name] = request.caller.userId;
    }
    if (!allows(rule, request.caller, request)) {
      throw new DuetError('access.denied', rule.adminOnly ? 'Only an administrator may do this.' : 'You may only reach what is yours.');
    }
    return true;
  }

  private async identify(authorization: string | undefined): Promise<Caller> {
    const token = bearer.exec(authorization ?? '')?.[1];
    const caller = token === undefined ? null : await this.tokens.verify(token);
    if (caller === null) {
      throw new DuetError(/^Bearer +\S/i.test(authorization ?? '') ? 'auth.invalid_token' : 'auth.token_missing');
    }
    return caller;
  }
}

/** Whether a rule lets a caller make this request. */
export function allows(
  { owner, adminMayRead, adminOnly }: AccessRule,
  { userId, role }: Caller,
  request: Pick<AuthenticatedRequest, 'method' | 'params' | 'query'>,
): boolean {
  if (adminOnly) {
    return role === 'admin';
  }
  if (owner === undefined) {
    return true;
  }
  const named: unknown = request[owner.in][owner.name];
  if (owner.required && (named === undefined || named === '')) {
    // Its absence is the caller's mistake, whoever asks: validation says so.
    return true;
  }
  const own = typeof named === 'string' && named.toLowerCase() === userId;
  return own || (role === 'admin' && adminMayRead === true && safeMethods.has(request.method));
}
