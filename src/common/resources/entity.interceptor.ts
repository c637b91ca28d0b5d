import { applyDecorators, type CallHandler, type ExecutionContext, Injectable, type NestInterceptor, SetMetadata, UseInterceptors } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Request, Response } from 'express';
import { map, type Observable } from 'rxjs';
import { etagOf, noneMatchHits } from './etag.js';
import { currentContext } from '../http/request-context.js';

interface EntityOptions {
  /** Makes the path of what was created, for `Location`. */
  readonly location?: (entity: Record<string, unknown>) => string;
  /** Whether the body's `version` is its entity tag. */
  readonly tagged: boolean;
}

const optionsKey = 'duet:entity';

/** Sets `ETag` from the answer's `version`, answers `If-None-Match` with 304, and sets `Location` from the answer's own fields. */
@Injectable()
class EntityInterceptor implements NestInterceptor {
  constructor(private readonly reflector: Reflector) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const options = this.reflector.get<EntityOptions>(optionsKey, context.getHandler());
    const request = context.switchToHttp().getRequest<Request>();
    const response = context.switchToHttp().getResponse<Response>();
    return next.handle().pipe(
      map((body: Record<string, unknown>) => {
        if (options.location !== undefined) {
          response.setHeader('Location', (currentContext()?.basePath ?? '') + options.location(body));
        }
        if (!options.tagged || typeof body['version'] !== 'number') {
          return body;
        }
        const etag = etagOf(body['version']);
        response.setHeader('ETag', etag);
        if ((request.method === 'GET' || request.method === 'HEAD') && noneMatchHits(request.get('If-None-Match'), etag)) {
          response.statusCode = 304;
          return undefined;
        }
        return body;
      }),
    );
  }
}

/** The answer is one resource with a `version`: `ETag`, `If-None-Match`. With `location`, also the path of what was created. */
export const Entity = (location?: EntityOptions['location']): MethodDecorator =>
  applyDecorators(SetMetadata(optionsKey, { location, tagged: true } satisfies EntityOptions), UseInterceptors(EntityInterceptor));

/** The answer was created and can be read at `location`. */
export const CreatedAt = (location: NonNullable<EntityOptions['location']>): MethodDecorator =>
  applyDecorators(SetMetadata(optionsKey, { location, tagged: false } satisfies EntityOptions), UseInterceptors(EntityInterceptor));
