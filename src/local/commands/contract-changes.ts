import { isDeepStrictEqual } from 'node:util';

/** A difference between two versions of the contract that a client may notice. */
export interface ContractChange {
  /** Whether a client that keeps to the old version can fail with the new one. */
  readonly breaking: boolean;
  /** The operation or schema, and the place in it. */
  readonly place: string;
  readonly what: string;
}

/** As much of JSON Schema 2020-12 as `openapi.json` uses. */
export interface JsonSchema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly propertyNames?: JsonSchema;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly not?: JsonSchema;
  readonly pattern?: string;
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: unknown;
}

type Named<T> = Readonly<Record<string, T>>;

interface Header {
  readonly required?: boolean;
  readonly schema?: JsonSchema;
}

interface Answer {
  readonly headers?: Named<Header>;
  readonly content?: Named<{ readonly schema?: JsonSchema }>;
}

interface Parameter {
  readonly in: string;
  readonly name: string;
  readonly required?: boolean;
  readonly schema?: JsonSchema;
}

interface Operation {
  readonly operationId?: string;
  readonly security?: readonly object[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Named<{ readonly schema?: JsonSchema }> };
  readonly responses?: Named<Answer>;
}

/** An OpenAPI 3.1 document, as far as it is compared. */
export interface Contract {
  readonly paths: Named<Named<Operation>>;
  readonly components?: { readonly schemas?: Named<JsonSchema> };
}

/** Everything in which `after` differs from `before` for a client, in the order of the documents. Words and examples are not compared. */
export function contractChanges(before: Contract, after: Contract): ContractChange[] {
  return new Comparison(before, after).changes();
}

/** More of the same than this are told as one. */
const mostAlike = 3;

/** A line a change. What is the same in many operations or answers, such as a header of them all, is one line. */
export function toldChanges(changes: readonly ContractChange[]): string[] {
  const alike = new Map<string, ContractChange[]>();
  for (const change of changes) {
    const key = `${change.place.replace(/^[A-Z]+ \/\S*( \d{3})?/, '')}: ${change.what}`;
    alike.set(key, [...(alike.get(key) ?? []), change]);
  }
  return [...alike.values()].flatMap((group) => {
    const lines = group.map(({ place, what }) => `${place}: ${what}`);
    return lines.length > mostAlike ? [`${lines[0]} (and ${lines.length - 1} places like it)`] : lines;
  });
}

/** Which way a value goes: a request may be read more widely than before, an answer may be given more narrowly, never the reverse. */
type Direction = 'request' | 'answer';

/** How the set of values that fit has changed. */
type Shift = 'narrower' | 'wider' | 'other';

class Comparison {
  private readonly found: ContractChange[] = [];
  // A component is compared once a direction, however many operations use it.
  private readonly compared = new Set<string>();

  constructor(
    private readonly before: Contract,
    private readonly after: Contract,
  ) {}

  changes(): ContractChange[] {
    const [before, after] = [operationsOf(this.before), operationsOf(this.after)];
    this.pairs(before, after, {
      removed: (route) => this.note(true, route, 'the operation is gone'),
      added: (route) => this.note(false, route, 'the operation is new'),
      kept: (route, was, is) => this.operation(route, was, is),
    });
    return this.found;
  }

  private operation(route: string, was: Operation, is: Operation): void {
    if (was.operationId !== is.operationId) {
      this.note(true, route, `operationId is ${is.operationId}, was ${was.operationId}: generated clients call it by that`);
    }
    const [needed, needs] = [(was.security ?? []).length > 0, (is.security ?? []).length > 0];
    if (needed !== needs) {
      this.note(needs, route, needs ? 'now needs a token' : 'needs no token any more');
    }
    this.parameters(route, was, is);
    this.body(`${route} body`, was.requestBody, is.requestBody);
    this.pairs(was.responses ?? {}, is.responses ?? {}, {
      removed: (status) => this.note(true, `${route} ${status}`, 'the answer is gone'),
      // Whoever does not know an error treats it as the general one of its class (RFC 9110, section 15); an unknown success is not understood.
      added: (status) => this.note(Number(status) < 400, `${route} ${status}`, 'the answer is new'),
      kept: (status, was, is) => this.answer(`${route} ${status}`, was, is),
    });
  }

  private parameters(route: string, was: Operation, is: Operation): void {
    const named = ({ parameters = [] }: Operation) => Object.fromEntries(parameters.map((parameter) => [`${parameter.in} ${parameter.name}`, parameter]));
    this.pairs(named(was), named(is), {
      removed: (name) => this.note(true, `${route} ${name}`, 'is not taken any more'),
      added: (name, { required }) => this.note(required === true, `${route} ${name}`, required ? 'is new and required' : 'is new'),
      kept: (name, was, is) => {
        this.requirement(`${route} ${name}`, 'request', was.required === true, is.required === true);
        this.schema(`${route} ${name}`, 'request', was.schema ?? {}, is.schema ?? {});
      },
    });
  }

  private body(place: string, was: Operation['requestBody'], is: Operation['requestBody']): void {
    if (was === undefined || is === undefined) {
      if (was !== is) {
        this.note(is === undefined || is.required === true, place, is === undefined ? 'is not taken any more' : `is new${is.required ? ' and required' : ''}`);
      }
      return;
    }
    this.requirement(place, 'request', was.required === true, is.required === true);
    this.pairs(was.content, is.content, {
      removed: (type) => this.note(true, place, `is not taken as ${type} any more`),
      added: (type) => this.note(false, place, `is also taken as ${type}`),
      kept: (_, was, is) => this.schema(place, 'request', was.schema ?? {}, is.schema ?? {}),
    });
  }

  private answer(place: string, was: Answer, is: Answer): void {
    this.pairs(was.headers ?? {}, is.headers ?? {}, {
      removed: (name) => this.note(true, `${place} header ${name}`, 'is gone'),
      added: (name) => this.note(false, `${place} header ${name}`, 'is new'),
      kept: (name, was, is) => {
        this.requirement(`${place} header ${name}`, 'answer', was.required === true, is.required === true);
        this.schema(`${place} header ${name}`, 'answer', was.schema ?? {}, is.schema ?? {});
      },
    });
    this.pairs(was.content ?? {}, is.content ?? {}, {
      removed: (type) => this.note(true, `${place} body`, `is not given as ${type} any more`),
      added: (type) => this.note(true, `${place} body`, `may come as ${type}`),
      kept: (_, was, is) => this.schema(`${place} body`, 'answer', was.schema ?? {}, is.schema ?? {}),
    });
  }

  private requirement(place: string, direction: Direction, was: boolean, is: boolean): void {
    if (was !== is) {
      this.shift(place, direction, is ? 'narrower' : 'wider', is ? 'is required now' : 'is not required any more');
    }
  }

  private schema(place: string, direction: Direction, was: JsonSchema, is: JsonSchema): void {
    if (was.$ref !== undefined && was.$ref === is.$ref) {
      const name = was.$ref.replace('#/components/schemas/', '');
      if (!this.compared.has(`${direction} ${name}`)) {
        this.compared.add(`${direction} ${name}`);
        this.schema(`${name} in ${direction}s`, direction, resolved(this.before, was), resolved(this.after, is));
      }
      return;
    }
    const [old, now] = [resolved(this.before, was), resolved(this.after, is)];
    this.defaults(place, direction, old, now);
    this.alternatives(place, direction, alternativesOf(this.before, old), alternativesOf(this.after, now));
  }

  /** Pairs what may be one of several: first what is equal, then what is of the same kind. What is left comes or goes. */
  private alternatives(place: string, direction: Direction, was: readonly JsonSchema[], is: readonly JsonSchema[]): void {
    const [gone, come] = [new Set(was), new Set(is)];
    const alike = [
      (old: JsonSchema, now: JsonSchema) => isDeepStrictEqual(old, now),
      (old: JsonSchema, now: JsonSchema) => kindOf(old) === kindOf(now),
      () => was.length === 1 && is.length === 1,
    ];
    for (const isAlike of alike) {
      for (const old of gone) {
        const now = [...come].find((candidate) => isAlike(old, candidate));
        if (now !== undefined) {
          gone.delete(old);
          come.delete(now);
          this.pair(place, direction, old, now);
        }
      }
    }
    gone.forEach((old) => this.shift(place, direction, 'narrower', `may not be ${kindOf(old)} any more`));
    come.forEach((now) => this.shift(place, direction, 'wider', `may also be ${kindOf(now)}`));
  }

  // Equal references may name what has changed, so they are followed, too.
  private pair(place: string, direction: Direction, was: JsonSchema, is: JsonSchema): void {
    if (was.$ref === undefined && is.$ref === undefined) {
      this.one(place, direction, was, is);
    } else {
      this.schema(place, direction, was, is);
    }
  }

  private one(place: string, direction: Direction, was: JsonSchema, is: JsonSchema): void {
    if (was.type !== is.type) {
      const shift = was.type === undefined ? 'narrower' : is.type === undefined ? 'wider' : typeShift(was.type, is.type);
      this.shift(place, direction, shift, `is of type ${String(is.type ?? 'any')}, was ${String(was.type ?? 'any')}`);
      return;
    }
    this.options(place, direction, was.enum, is.enum);
    for (const [bound, name] of lowerBounds) {
      this.bound(place, direction, name, was[bound] ?? -Infinity, is[bound] ?? -Infinity, 1);
    }
    for (const [bound, name] of upperBounds) {
      this.bound(place, direction, name, was[bound] ?? Infinity, is[bound] ?? Infinity, -1);
    }
    for (const word of ['pattern', 'format', 'not', 'propertyNames'] as const) {
      const [old, now] = [was[word], is[word]];
      if (!isDeepStrictEqual(old, now)) {
        const shift = old === undefined ? 'narrower' : now === undefined ? 'wider' : 'other';
        this.shift(place, direction, shift, `${word} is ${JSON.stringify(now) ?? 'none'}, was ${JSON.stringify(old) ?? 'none'}`);
      }
    }
    if (was.items !== undefined || is.items !== undefined) {
      this.schema(`${place}/-`, direction, was.items ?? {}, is.items ?? {});
    }
    this.fields(place, direction, was, is);
  }

  private fields(place: string, direction: Direction, was: JsonSchema, is: JsonSchema): void {
    const [required, requires] = [new Set(was.required), new Set(is.required)];
    const [closed, closes] = [was.additionalProperties === false, is.additionalProperties === false];
    if (closed !== closes) {
      this.shift(place, direction, closes ? 'narrower' : 'wider', closes ? 'takes no other fields any more' : 'may have other fields');
    }
    this.pairs(was.properties ?? {}, is.properties ?? {}, {
      removed: (name) => this.note(direction === 'answer' || closes, `${place}/${name}`, 'the field is gone'),
      // A field more in an answer is for whoever reads it.
      added: (name) =>
        this.note(direction === 'request' && requires.has(name), `${place}/${name}`, `the field is new${requires.has(name) ? ', always there' : ''}`),
      kept: (name, old, now) => {
        this.requirement(`${place}/${name}`, direction, required.has(name), requires.has(name));
        this.schema(`${place}/${name}`, direction, old, now);
      },
    });
  }

  private options(place: string, direction: Direction, was: JsonSchema['enum'], is: JsonSchema['enum']): void {
    if (was === undefined || is === undefined) {
      if (was !== is) {
        this.shift(place, direction, was === undefined ? 'narrower' : 'wider', was === undefined ? `is one of ${JSON.stringify(is)} only` : 'may be any value');
      }
      return;
    }
    was.filter((value) => !is.includes(value)).forEach((value) => this.shift(place, direction, 'narrower', `may not be ${JSON.stringify(value)} any more`));
    is.filter((value) => !was.includes(value)).forEach((value) => this.shift(place, direction, 'wider', `may also be ${JSON.stringify(value)}`));
  }

  private bound(place: string, direction: Direction, name: string, was: number, is: number, narrowing: 1 | -1): void {
    if (was !== is) {
      const told = (bound: number) => (Number.isFinite(bound) ? String(bound) : 'none');
      this.shift(place, direction, (is - was) * narrowing > 0 ? 'narrower' : 'wider', `${name} is ${told(is)}, was ${told(was)}`);
    }
  }

  // A request that leaves a value out means another one when its default changes.
  private defaults(place: string, direction: Direction, was: JsonSchema, is: JsonSchema): void {
    if (direction === 'request' && !isDeepStrictEqual(was.default, is.default)) {
      this.note(was.default !== undefined, place, `default is ${JSON.stringify(is.default) ?? 'none'}, was ${JSON.stringify(was.default) ?? 'none'}`);
    }
  }

  private shift(place: string, direction: Direction, shift: Shift, what: string): void {
    this.note(shift === 'other' || shift === (direction === 'request' ? 'narrower' : 'wider'), place, what);
  }

  private note(breaking: boolean, place: string, what: string): void {
    this.found.push({ breaking, place, what });
  }

  private pairs<T>(
    was: Named<T>,
    is: Named<T>,
    { removed, added, kept }: { removed: (name: string, was: T) => void; added: (name: string, is: T) => void; kept: (name: string, was: T, is: T) => void },
  ): void {
    for (const [name, old] of Object.entries(was)) {
      const now = is[name];
      if (now === undefined) {
        removed(name, old);
      } else {
        kept(name, old, now);
      }
    }
    Object.entries(is)
      .filter(([name]) => !(name in was))
      .forEach(([name, now]) => added(name, now));
  }
}

const lowerBounds = [
  ['minLength', 'least length'],
  ['minItems', 'least number of items'],
  ['minimum', 'minimum'],
] as const;
const upperBounds = [
  ['maxLength', 'greatest length'],
  ['maxItems', 'greatest number of items'],
  ['maximum', 'maximum'],
] as const;

function operationsOf({ paths }: Contract): Named<Operation> {
  const routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [`${method.toUpperCase()} ${path}`, operation]),
  );
  return Object.fromEntries(routes);
}

function resolved(contract: Contract, schema: JsonSchema): JsonSchema {
  const target = schema.$ref === undefined ? schema : contract.components?.schemas?.[schema.$ref.replace('#/components/schemas/', '')];
  if (target === undefined) {
    throw new Error(`The contract refers to ${schema.$ref}, which it does not have.`);
  }
  return target.$ref === undefined ? target : resolved(contract, target);
}

/** A schema as the list of what it may be; `type: [string, null]` says the same as `anyOf`. Words, examples and defaults are left out. */
function alternativesOf(contract: Contract, schema: JsonSchema): JsonSchema[] {
  if (schema.anyOf !== undefined) {
    return schema.anyOf.flatMap((one) => (one.$ref === undefined ? alternativesOf(contract, one) : [{ $ref: one.$ref }]));
  }
  const types = Array.isArray(schema.type) ? (schema.type as readonly string[]) : [schema.type as string | undefined];
  return types.map((type) => bare({ ...schema, type }));
}

const words = new Set(['title', 'description', 'example', 'examples', 'deprecated', 'default', 'readOnly', 'writeOnly']);

function bare(schema: JsonSchema): JsonSchema {
  return Object.fromEntries(Object.entries(schema).filter(([word, value]) => !words.has(word) && value !== undefined));
}

function kindOf({ $ref, type, format }: JsonSchema): string {
  return $ref?.replace('#/components/schemas/', '') ?? [type ?? 'any', ...(format === undefined ? [] : [`(${format})`])].join(' ');
}

function typeShift(was: JsonSchema['type'], is: JsonSchema['type']): Shift {
  if (was === 'integer' && is === 'number') {
    return 'wider';
  }
  return was === 'number' && is === 'integer' ? 'narrower' : 'other';
}
