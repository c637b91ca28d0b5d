import { isIPv4, isIPv6 } from 'node:net';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request, Response } from 'express';
import { type Policy, rateLimitHeader, rateLimitPolicyHeader, type Usage } from './policy.js';

/** The client of a limited route, and where the quotas are published that are its own. */
export interface LimitedClient {
  /** Its IPv4 address, or the /64 of its IPv6 address; undefined behind a proxy that is not configured, where the address is not known. */
  readonly network: string | undefined;
  /** Puts the policies into the answer's `RateLimit-Policy` header. */
  publish(policies: readonly Policy[]): void;
  /** Puts the usages into the answer's `RateLimit` header, with their policies where none are published yet. */
  report(usages: readonly Usage[]): void;
}

/** The client of a limited route, as a controller's parameter. */
export const Client = createParamDecorator((_: unknown, context: ExecutionContext): LimitedClient => clientOf(context));

/** The client that makes the request of a context. */
export function clientOf(context: ExecutionContext): LimitedClient {
  const http = context.switchToHttp();
  const response = http.getResponse<Response>();
  const setHeader = (name: string, value: string): void => {
    if (value !== '' && !response.headersSent) response.setHeader(name, value);
  };
  return {
    network: networkOf(addressOf(http.getRequest<Request>())),
    publish: (policies) => setHeader('RateLimit-Policy', rateLimitPolicyHeader(policies)),
    report: (usages) => {
      setHeader('RateLimit', rateLimitHeader(usages));
      if (!response.hasHeader('RateLimit-Policy')) setHeader('RateLimit-Policy', rateLimitPolicyHeader(usages.map(({ policy }) => policy)));
    },
  };
}

/**
 * The address that the last proxy of those trusted has seen: each appends the one before it to `X-Forwarded-For`, so that what the client wrote itself stands
 * before. Without a trusted proxy it is the socket's or API Gateway's; a function behind an ALB then has none.
 */
export function addressOf(request: Pick<Request, 'app' | 'get' | 'socket'>): string | undefined {
  // Not `request.ip`: on Lambda the adapter has set it, whatever is trusted.
  const trusted = request.app.get('trust proxy') as number;
  const forwarded = (request.get('X-Forwarded-For') ?? '').split(',').map((address) => address.trim());
  return trusted === 0 ? request.socket.remoteAddress : forwarded.at(-trusted);
}

/**
 * What counts as one client: an IPv4 address, or an IPv6 /64, which is the least that one customer is given (RFC 6177, section 2) and in which any number of
 * addresses can be had. Undefined for what is no address.
 */
export function networkOf(address: string | undefined = ''): string | undefined {
  // A dual-stack socket writes an IPv4 client as ::ffff:192.0.2.1; an ALB can be set to add the port.
  const bare = address
    .replace(/^::ffff:(?=\d+\.)/i, '')
    .replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1')
    .replace(/^\[(.*)\](:\d+)?$/, '$1')
    .replace(/%.*$/, '');
  if (isIPv4(bare)) {
    return bare;
  }
  return isIPv6(bare) ? `${groupsOf(bare).slice(0, 4).join(':')}::/64` : undefined;
}

/** The eight groups of an IPv6 address, without leading zeros. */
function groupsOf(address: string): string[] {
  // The URL parser writes an address in one form only (RFC 5952): lower case, no leading zeros, a dotted end as two groups.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const left = head.split(':').filter((group) => group !== '');
  const right = (tail ?? '').split(':').filter((group) => group !== '');
  return [...left, ...Array.from({ length: 8 - left.length - right.length }, () => '0'), ...right];
}
