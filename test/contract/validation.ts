import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { ContractDocument, Schema } from './document.js';

/** Where and why a value does not fit a schema; empty when it fits. */
export type Validate = (value: unknown) => string[];

/** JSON Schema 2020-12 over the contract's components. */
export class Validation {
  private readonly ajv = new Ajv2020({ allErrors: true, strictTypes: false, strictRequired: false });
  private readonly compiled = new WeakMap<Schema, Validate>();

  constructor(
    document: ContractDocument,
    /** Whether a field that the contract does not name is a mistake even where it forgot to forbid others: so for answers. */
    private readonly closed: boolean,
  ) {
    this.ajv.addKeyword('example');
    this.ajv.addKeyword('components');
    for (const [name, test] of Object.entries(formats)) {
      this.ajv.addFormat(name, test);
    }
    this.ajv.addSchema({ $id: 'openapi', components: { schemas: this.prepare(document.schemas) } });
  }

  /** The check of one of the contract's schemas. */
  of(schema: Schema): Validate {
    const known = this.compiled.get(schema);
    if (known !== undefined) {
      return known;
    }
    const validate: ValidateFunction = this.ajv.compile(this.prepare(withAbsoluteRefs(schema)));
    const check: Validate = (value) => {
      validate(value);
      return (validate.errors ?? []).map(({ instancePath, message = 'is not valid', params }) => {
        const named = (params as { additionalProperty?: string }).additionalProperty;
        return `${instancePath === '' ? '(the whole)' : instancePath} ${message}${named === undefined ? '' : `: ${named}`}`;
      });
    };
    this.compiled.set(schema, check);
    return check;
  }

  private prepare<T>(schema: T): T {
    return this.closed ? (closeObjects(schema) as T) : schema;
  }
}

// RFC 3339, and the shapes of the other formats; Ajv itself knows none.
const formats: Readonly<Record<string, (text: string) => boolean>> = {
  date: isDate,
  'date-time': (text) => {
    const [, date = '', hours = '', offset = ''] = /^(\d{4}-\d{2}-\d{2})T(\d{2}):[0-5]\d:[0-5]\d(?:\.\d+)?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/.exec(text) ?? [];
    return isDate(date) && Number(hours) < 24 && offset !== '';
  },
  uuid: (text) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text),
  email: (text) => /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text),
  password: () => true,
};

function isDate(text: string): boolean {
  const instant = Date.parse(`${text}T00:00:00.000Z`);
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(instant) && new Date(instant).toISOString().startsWith(text);
}

function withAbsoluteRefs(schema: Schema): Schema {
  return mapObjects(schema, (object) => (typeof object['$ref'] === 'string' ? { ...object, $ref: `openapi${object['$ref']}` } : object)) as Schema;
}

function closeObjects(schema: unknown): unknown {
  return mapObjects(schema, (object) =>
    object['type'] === 'object' && !('additionalProperties' in object) ? { ...object, additionalProperties: false } : object,
  );
}

function mapObjects(value: unknown, change: (object: Record<string, unknown>) => Record<string, unknown>): unknown {
  if (Array.isArray(value)) {
    return value.map((item) => mapObjects(item, change));
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  return change(Object.fromEntries(Object.entries(value).map(([key, child]) => [key, mapObjects(child, change)])));
}
