import { type CallHandler, type ExecutionContext, Injectable, type NestInterceptor } from '@nestjs/common';
import type { Response } from 'express';
import { type Observable, tap } from 'rxjs';
import type { Readiness } from './health.schemas.js';

/** Answers 503 when a store is down, in the same shape as 200: load balancers read the status alone. */
@Injectable()
export class HealthStatusInterceptor implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler<Readiness>): Observable<Readiness> {
    const response = context.switchToHttp().getResponse<Response>();
    return next.handle().pipe(tap(({ status }) => response.status(status === 'ok' ? 200 : 503)));
  }
}
