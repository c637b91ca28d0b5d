import { readFile } from 'node:fs/promises';

/** As much of JSON Schema 2020-12 as `openapi.json` uses. */
export interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly propertyNames?: Schema;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly not?: Schema;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: unknown;
}

export interface Parameter {
  readonly in: 'path' | 'query' | 'header';
  readonly name: string;
  readonly required?: boolean;
  readonly schema: Schema;
}

/** A documented answer: its headers, and its body by media type; none for an answer without a body. */
export interface DocumentedAnswer {
  readonly headers?: Readonly<Record<string, { readonly required?: boolean; readonly schema: Schema }>>;
  readonly content?: Readonly<
    Record<string, { readonly schema: Schema; /** By the code of the problem. */ readonly examples?: Readonly<Record<string, unknown>> }>
  >;
}

/** One operation of the contract. */
export interface Operation {
  readonly id: string;
  readonly method: string;
  /** With its parameters in braces. */
  readonly path: string;
  /** Whether it needs an access token. */
  readonly isProtected: boolean;
  readonly parameters: readonly Parameter[];
  readonly body?: { readonly required: boolean; readonly mediaTypes: readonly string[]; readonly schema: Schema };
  readonly answers: Readonly<Record<string, DocumentedAnswer>>;
}

interface RawOperation {
  readonly operationId: string;
  readonly security?: readonly object[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly responses: Readonly<Record<string, DocumentedAnswer>>;
}

interface RawDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, RawOperation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

/** The published contract, as tests need it. */
export class ContractDocument {
  readonly operations: readonly Operation[];
  readonly schemas: Readonly<Record<string, Schema>>;

  constructor({ paths, components }: RawDocument) {
    this.schemas = components.schemas;
    this.operations = Object.entries(paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, raw]) => operationOf(path, method, raw)));
  }

  /** @throws Error when the contract has no such operation. */
  operation(id: string): Operation {
    const found = this.operations.find((operation) => operation.id === id);
    if (found === undefined) {
      throw new Error(`openapi.json has no operation ${id}: it was renamed or removed, so change the test with it.`);
    }
    return found;
  }

  /** The schema itself, where this one only refers to it. */
  resolve(schema: Schema): Schema {
    const name = schema.$ref?.replace('#/components/schemas/', '');
    if (name !== undefined) {
      return this.resolve(this.schemas[name] ?? unknownSchema(name));
    }
    // Alternatives that exclude each other are drawn like any.
    return schema.oneOf === undefined ? schema : { ...schema, anyOf: schema.oneOf };
  }
}

/** Reads the committed `openapi.json`. */
export async function readContract(): Promise<ContractDocument> {
  return new ContractDocument(JSON.parse(await readFile('openapi.json', 'utf8')) as RawDocument);
}

function operationOf(path: string, method: string, { operationId, security = [], parameters = [], requestBody, responses }: RawOperation): Operation {
  const content = Object.entries(requestBody?.content ?? {});
  const [first] = content;
  return {
    id: operationId,
    method: method.toUpperCase(),
    path,
    isProtected: security.length > 0,
    parameters,
    ...(first && { body: { required: requestBody?.required === true, mediaTypes: content.map(([type]) => type), schema: first[1].schema } }),
    answers: responses,
  };
}

function unknownSchema(name: string): never {
  throw new Error(`openapi.json refers to the schema ${name}, which it does not have.`);
}
