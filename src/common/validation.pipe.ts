import { StandardSchemaValidationPipe } from '@nestjs/common';
import { ValidationError } from './errors.js';
import { fieldProblems } from './problem.filter.js';
import { escapePointer } from './text.js';

/** How many problems one answer lists: enough for a form, too few for a flood. */
const mostProblems = 50;

/** Validates body, query and path against their zod schemas; refuses with every problem and its JSON pointer. */
export class ValidationPipe extends StandardSchemaValidationPipe {
  constructor() {
    super({ exceptionFactory: (issues) => new ValidationError(fieldProblems(issues, escapePointer).slice(0, mostProblems)) });
  }

  // Nest removes `__proto__` silently; here the body reader has refused it already.
  protected override stripProtoKeys(): void {}
}
