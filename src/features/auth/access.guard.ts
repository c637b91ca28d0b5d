import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { type AccessRule, accessRuleKey, type AuthenticatedRequest, type Caller } from '../../common/http/caller.js';
import { DuetError } from '../../common/errors/errors.js';
import { idSchema, ownIdAlias } from '../../common/ids.js';
import { Audit } from '../../platform/observability/audit.js';
import { UsersService } from '../users/users.service.js';
import { AccessTokens } from './access-tokens.js';

const safeMethods = new Set(['GET', 'HEAD']);
// RFC 6750, section 2.1.
const bearer = /^Bearer +([\w.~+/-]+=*)$/i;

/**
 * Stands before every route: who calls, and whether the route's rule lets them. What is one's own needs the token alone, and no store; reading as an administrator,
 * the role is checked in PostgreSQL as well, because a token outlives it.
 */
@Injectable()
export class AccessGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly tokens: AccessTokens,
    private readonly users: UsersService,
    private readonly audit: Audit,
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
    const access = accessOf(rule, request.caller, request);
    if (access === 'denied' || (access === 'as_admin' && !(await this.isStillAdmin(request.caller, subjectOf(rule, request))))) {
      throw new DuetError('access.denied', rule.adminOnly ? 'Only an administrator may do this.' : 'You may only reach what is yours.');
    }
    return true;
  }

  private async isStillAdmin({ userId }: Caller, subject: string): Promise<boolean> {
    const user = await this.users.findProfile(userId);
    const stands = user?.role === 'admin';
    this.audit.record('admin.read', { actor: userId, subject, outcome: stands ? 'ok' : 'failed' });
    return stands;
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

/** What a rule says of a caller's request; `as_admin` holds only for one who still is. */
export type Access = 'granted' | 'as_admin' | 'denied';

/** Judges a request by its route's rule and the caller's token. */
export function accessOf(
  { owner, adminMayRead, adminOnly }: AccessRule,
  { userId, role }: Caller,
  request: Pick<AuthenticatedRequest, 'method' | 'params' | 'query'>,
): Access {
  const asAdmin = role === 'admin' ? 'as_admin' : 'denied';
  if (adminOnly) {
    return asAdmin;
  }
  if (owner === undefined) {
    return 'granted';
  }
  const named: unknown = request[owner.in][owner.name];
  if (owner.required && (named === undefined || named === '')) {
    // Its absence is the caller's mistake, and validation reports it.
    return 'granted';
  }
  if (typeof named === 'string' && named.toLowerCase() === userId) {
    return 'granted';
  }
  return adminMayRead === true && safeMethods.has(request.method) ? asAdmin : 'denied';
}

/** Whose the data is that a request asks for: a user's id, or `all`. */
function subjectOf({ owner }: AccessRule, request: AuthenticatedRequest): string {
  const named: unknown = owner && request[owner.in][owner.name];
  const id = idSchema.safeParse(named);
  return id.success ? id.data : named === undefined ? 'all' : 'unknown';
}
