import { createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';

/** Who makes the request, as the access token says. */
export interface Caller {
  readonly userId: string;
  readonly role: 'user' | 'admin';
  /** The user's time zone when the token was made (IANA name). */
  readonly timeZone: string;
  /** When the password was given at sign-in, in seconds since 1970; refreshing keeps it. */
  readonly authenticatedAt: number;
  /** The session that the token belongs to; null in a token from before sessions had ids. */
  readonly sessionId: string | null;
}

/** A request after the access guard has passed it. */
export type AuthenticatedRequest = Request & { caller?: Caller };

/** What a route asks of its caller; see {@link Public} and {@link Owned}. */
export interface AccessRule {
  readonly public?: boolean;
  /** Where the owner's id stands: the request must be the owner's own. */
  readonly owner?: { readonly in: 'params' | 'query'; readonly name: string; readonly required?: boolean };
  /** Whether the role `admin` may do it to anyone's. */
  readonly adminMayRead?: boolean;
  /** What it reaches is looked up below the caller's own id. */
  readonly callersOwn?: boolean;
  /** Only the role `admin`. */
  readonly adminOnly?: boolean;
}

/** Metadata key of a route's {@link AccessRule}. */
export const accessRuleKey = 'duet:access';

/** A route that needs no token. Without any access decorator a route needs one. */
export const Public = (): MethodDecorator & ClassDecorator => SetMetadata(accessRuleKey, { public: true } satisfies AccessRule);

/** A route below a user's id in the path: 403 unless it is the caller's own, whether or not the user exists. */
export const OwnedBy = (param: string, options: { adminMayRead?: boolean } = {}): MethodDecorator =>
  SetMetadata(accessRuleKey, { owner: { in: 'params', name: param }, ...options } satisfies AccessRule);

/** A route whose query names the user: 403 unless it is the caller's own. Left out, it is 400 where it is `required`, and the route is for an admin elsewhere. */
export const OwnedByQuery = (name: string, { required = false, ...options }: { required?: boolean; adminMayRead?: boolean } = {}): MethodDecorator =>
  SetMetadata(accessRuleKey, { owner: { in: 'query', name, required }, ...options } satisfies AccessRule);

/** A route that reaches only what the caller owns: the token's id is part of every key, so someone else's id is 404. */
export const CallersOwn = (): MethodDecorator => SetMetadata(accessRuleKey, { callersOwn: true } satisfies AccessRule);

/** A route for the role `admin` alone. */
export const AdminOnly = (): MethodDecorator => SetMetadata(accessRuleKey, { adminOnly: true } satisfies AccessRule);

/** The caller, as a controller's parameter. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const { caller } = context.switchToHttp().getRequest<AuthenticatedRequest>();
  if (caller === undefined) {
    throw new Error('A public route asked for its caller');
  }
  return caller;
});
