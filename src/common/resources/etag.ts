import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { DuetError } from '../errors/errors.js';

/** The entity tag of a version: strong, since a version is one exact representation (RFC 9110, section 8.8.3). */
export function etagOf(version: number): string {
  return `"${version}"`;
}

/**
 * A condition on the present version, read from `If-Match`: undefined when the header is absent or `*`.
 * `If-Match` compares strongly (RFC 9110, section 13.1.1): a weak tag never matches.
 */
export function parseIfMatch(header: string | undefined): VersionCondition | undefined {
  return header === undefined || header.trim() === '*' ? undefined : new VersionCondition(tagsIn(header));
}

/** The versions a writer is ready to replace. */
export class VersionCondition {
  constructor(private readonly tags: readonly string[]) {}

  /** @throws DuetError `version.stale` when the present version is none of them. */
  assertHolds(version: number): void {
    if (!this.tags.includes(etagOf(version))) {
      throw new DuetError('version.stale');
    }
  }
}

/** Whether `If-None-Match` names this tag, so that a GET answers 304; compares weakly (RFC 9110, section 13.1.2). */
export function noneMatchHits(header: string | undefined, etag: string): boolean {
  return header !== undefined && (header.trim() === '*' || tagsIn(header).some((tag) => tag.replace(/^W\//, '') === etag));
}

function tagsIn(header: string): string[] {
  return header.match(/(?:W\/)?"[^"]*"/g) ?? [];
}

/** The request's `If-Match`, as {@link parseIfMatch} reads it, as a controller's parameter. */
export const IfMatch = createParamDecorator((_: unknown, context: ExecutionContext): VersionCondition | undefined =>
  parseIfMatch(context.switchToHttp().getRequest<Request>().get('If-Match')),
);
