import { applyDecorators, type CallHandler, type ExecutionContext, Injectable, type NestInterceptor, SetMetadata, UseInterceptors } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { Response } from 'express';
import { map, type Observable } from 'rxjs';

const resultKey = 'duet:replayable';

/** Answers with the result alone, and sets `Idempotency-Replayed` when it is the stored one of an earlier request with the same key. */
@Injectable()
class ReplayableInterceptor implements NestInterceptor {
  constructor(private readonly reflector: Reflector) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const result = this.reflector.get<string>(resultKey, context.getHandler());
    const response = context.switchToHttp().getResponse<Response>();
    return next.handle().pipe(
      map((outcome: Record<string, unknown>) => {
        if (outcome['replayed'] === true) {
          response.setHeader('Idempotency-Replayed', 'true');
        }
        return outcome[result];
      }),
    );
  }
}

/**
 * A route whose handler gives `{ [result]: ..., replayed: boolean }`; the answer's body is the result. It stands above `@Entity` and `@CreatedAt`, which read that
 * body.
 */
export const Replayable = (result: string): MethodDecorator => applyDecorators(SetMetadata(resultKey, result), UseInterceptors(ReplayableInterceptor));
