import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Request, Response } from 'express';
import { allowedMethods } from '../http/allowed-methods.js';
import { DuetError, type FieldProblem } from './errors.js';
import { sendProblem } from './problem.js';

/** Called once for every error that is the service's own fault, with the error that is answered in its place. */
export type FaultListener = (error: unknown, answered: DuetError) => void;

/** The one place where errors become answers: problem details (RFC 9457), from wherever the error comes. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly onFault: FaultListener) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(error, http.getRequest<Request>(), http.getResponse<Response>());
  }

  /** The same for what fails outside Nest's own handling. */
  answer(error: unknown, request: Request, response: Response): void {
    const answered = this.recognise(error, request) ?? new DuetError('service.internal');
    if (answered.status >= 500) {
      this.onFault(error, answered);
    }
    sendProblem(response, answered);
  }

  private recognise(error: unknown, request: Request): DuetError | undefined {
    if (error instanceof DuetError) {
      return error;
    }
    // Nest's error for an unmatched route and the router's for a path it cannot decode carry no more than a status.
    const status = error instanceof HttpException ? error.getStatus() : statusIn(error);
    if (status === 404) {
      const allowed = allowedMethods(request);
      return allowed.length === 0 || allowed.includes(request.method) ? new DuetError('route.not_found') : methodNotAllowed(allowed);
    }
    return status !== undefined && status >= 400 && status < 500 ? new DuetError('request.malformed', 'The request cannot be read.') : undefined;
  }
}

// RFC 9110, section 15.5.6: `Allow` lists the methods that the path takes.
function methodNotAllowed(allowed: readonly string[]): DuetError {
  const list = allowed.join(', ');
  return new DuetError('route.method_not_allowed', `This path takes ${list}.`, { headers: { Allow: list } });
}

function statusIn(error: unknown): number | undefined {
  return error instanceof Error && 'status' in error && typeof error.status === 'number' ? error.status : undefined;
}

/** An issue of a Standard Schema, with the parts zod adds. */
interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[];
  readonly code?: string;
  readonly keys?: readonly string[];
}

/** The field problems of a schema's issues; an unknown field is pointed at by its own name. */
export function fieldProblems(issues: readonly SchemaIssue[], escape: (key: string) => string): FieldProblem[] {
  return issues.flatMap((issue) => {
    const pointer = (issue.path ?? []).map((part) => `/${escape(String(typeof part === 'object' ? part.key : part))}`).join('');
    return issue.code === 'unrecognized_keys' && issue.keys !== undefined
      ? issue.keys.map((key) => ({ pointer: `${pointer}/${escape(key)}`, detail: 'is not a known field' }))
      : [{ pointer, detail: issue.message }];
  });
}
