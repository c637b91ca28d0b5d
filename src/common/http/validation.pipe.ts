import type { ArgumentMetadata, PipeTransform } from '@nestjs/common';
import { ValidationError } from '../errors/errors.js';
import { fieldProblems } from '../errors/problem.filter.js';
import { escapePointer } from '../text/text.js';

/** How many problems one answer lists: enough for a form, too few for a flood. */
const maxProblems = 50;

/**
 * Validates body, query and path against their schemas. Refuses with every problem and its JSON pointer, which begins with the parameter's name where
 * the schema is that of a single parameter.
 *
 * Nest's own pipe (StandardSchemaValidationPipe) does not say which parameter an issue belongs to.
 */
export class ValidationPipe implements PipeTransform {
  async transform(value: unknown, { schema, data }: ArgumentMetadata): Promise<unknown> {
    if (schema === undefined) {
      return value;
    }
    const result = await schema['~standard'].validate(value);
    if (result.issues === undefined) {
      return result.value;
    }
    const parameter = data === undefined ? '' : `/${escapePointer(data)}`;
    const problems = fieldProblems(result.issues, escapePointer).slice(0, maxProblems);
    throw new ValidationError(problems.map(({ pointer, detail }) => ({ pointer: parameter + pointer, detail })));
  }
}
