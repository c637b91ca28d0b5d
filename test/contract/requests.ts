import fc from 'fast-check';
import type { ContractDocument, Operation, Parameter, Schema } from './document.js';
import { hardToGuess, placeholders, wordedRules } from './placeholders.js';
import { type Faulty, Values } from './values.js';

/** Who sends a request. A visitor is made for the one request, so that what it destroys is missed by no one. */
export type Sender = 'alice' | 'bob' | 'visitor' | 'admin' | 'anonymous' | 'forger';

/** A request before it is sent: what it names is known only then; see {@link placeholders}. */
export interface Plan {
  readonly operation: Operation;
  readonly sender: Sender;
  readonly path: string;
  readonly query: readonly (readonly [string, string])[];
  readonly headers: Readonly<Record<string, string>>;
  /** As it goes over the wire; undefined for none. */
  readonly body: Buffer | undefined;
  /** What is wrong with the request; undefined when nothing is. */
  readonly fault: string | undefined;
  /** Whether it names what is someone else's. */
  readonly trespasses: boolean;
  /** The statuses the design gives to such a request. */
  readonly expected: readonly number[];
}

/** The parts of a request that fits its schemas. */
interface Parts {
  readonly sender: Sender;
  readonly target: Target;
  /** Whether the path says `me` for the sender's own id. */
  readonly alias: boolean;
  readonly query: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly mediaType: string | undefined;
}

type Target = 'own' | 'other' | 'absent';

/** The longest body that is read, in bytes (design, section 2). */
const bodyLimitBytes = 102_400;

// What these do to their sender's data would spoil it for the requests after.
const destructive = new Set(['updateUser', 'deleteUser', 'changeRecord', 'deleteRecord']);

// What not even an administrator may read of others.
const ownersAlone = new Set(['listTodos', 'listChanges', 'listSessions']);

/** Makes requests of an operation from its schemas: some that fit, and some with one fault. */
export class Requests {
  private readonly values: Values;

  constructor(private readonly document: ContractDocument) {
    this.values = new Values(document, wordedRules);
  }

  /** Requests of both kinds, each with the statuses it may get. */
  of(operation: Operation): fc.Arbitrary<Plan> {
    const faulty = this.faulty(operation);
    return faulty.length === 0
      ? this.valid(operation)
      : fc.oneof({ weight: 2, arbitrary: this.valid(operation) }, { weight: 3, arbitrary: fc.oneof(...faulty) });
  }

  /** Requests that fit their schemas, from those who may send them and those who may not. */
  valid(operation: Operation): fc.Arbitrary<Plan> {
    return this.parts(operation, fc.constantFrom<Target>('own', 'own', 'own', 'other', 'absent')).map((parts) =>
      planOf(operation, parts, undefined, expectedOf(operation, parts)),
    );
  }

  private faulty(operation: Operation): fc.Arbitrary<Plan>[] {
    // Nothing of these is carried out, so no one's data is spoilt; those for administrators are refused others for that alone.
    const sender: Sender = operation.id === 'listUsers' || operation.id === 'getRecords' ? 'admin' : 'alice';
    const own = this.parts(operation, fc.constant('own')).map((parts): Parts => ({ ...parts, sender }));
    const from = (arbitrary: fc.Arbitrary<Partial<Plan>>, expected: readonly number[]): fc.Arbitrary<Plan> =>
      fc.tuple(own, arbitrary).map(([parts, change]) => withLimit({ ...planOf(operation, parts, 'faulty', expected), ...change }));
    return [
      ...this.faultyBodies(operation, from),
      ...this.faultyQueries(operation, own),
      ...(operation.isProtected ? [from(fc.constantFrom(...withoutToken), [401])] : []),
      ...(operation.path.includes('{id}') ? [from(fc.constantFrom(...malformedPaths(operation)), [400, 403])] : []),
      ...(operation.parameters.some(({ name }) => name === 'Idempotency-Key') ? [this.withHeaders(own, operation, malformedKeys, [400])] : []),
      ...(operation.parameters.some(({ name }) => name === 'If-Match') && operation.isProtected
        ? [this.withHeaders(this.parts(operation, fc.constant('own')), operation, staleConditions, [412])]
        : []),
    ];
  }

  private faultyBodies(
    operation: Operation,
    from: (change: fc.Arbitrary<Partial<Plan>>, expected: readonly number[]) => fc.Arbitrary<Plan>,
  ): fc.Arbitrary<Plan>[] {
    const { body } = operation;
    if (body === undefined) {
      return [];
    }
    const sent = (headers: Record<string, string>, text: string | Buffer, fault: string): Partial<Plan> => ({ headers, body: Buffer.from(text), fault });
    const type = { 'Content-Type': body.mediaTypes[0] ?? '' };
    const valid = this.values.valid(body.schema).map((value) => JSON.stringify(value));
    const schemaFaults = this.values.faulty(body.schema).map(({ value, fault }: Faulty) => sent(type, JSON.stringify(value), fault));
    const broken: readonly Partial<Plan>[] = [
      ...['{', '{"title":"x"', '[1,]', "{'a':1}", '{"a":1}}', 'NaN', '\uFEFF'].map((text) => sent(type, text, 'malformed JSON')),
      sent(type, Buffer.from([0x22, 0xc3, 0x28, 0x22]), 'not UTF-8'),
      sent(type, `{"a":${'['.repeat(40)}${']'.repeat(40)}}`, 'nested too deep'),
      sent(type, '{"__proto__":{"admin":true}}', 'a name that cannot be used'),
      sent(type, '{"a":1,"a":1}', 'a name that stands twice'),
      sent(type, '{"user_id":"x","a":9007199254740993}', 'a number that parsing alters'),
      ...(body.required ? [{ headers: type, body: undefined, fault: 'no body' }] : []),
    ];
    const types = [
      'text/plain',
      'application/xml',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/json; charset=latin1',
      '',
    ];
    const unsupported = fc.tuple(valid, fc.constantFrom(...types)).map(([text, mediaType]) => sent(contentType(mediaType), text, 'bad content type'));
    const large = sent(type, JSON.stringify({ title: 'x'.repeat(bodyLimitBytes) }), 'body too large');
    return [
      from(schemaFaults, [400]),
      from(schemaFaults, [400]),
      from(schemaFaults, [400]),
      from(fc.constantFrom(...broken), [400]),
      from(unsupported, [415]),
      from(fc.constant(large), [413]),
    ];
  }

  private faultyQueries(operation: Operation, own: fc.Arbitrary<Parts>): fc.Arbitrary<Plan>[] {
    const parameters = operation.parameters.filter((parameter) => parameter.in === 'query');
    if (parameters.length === 0) {
      return [];
    }
    const single = (name: string, text: string, fault: string) => ({ name, texts: [text], fault });
    const faults = parameters.flatMap((parameter) => [
      ...this.faultyTexts(parameter).map(([text, fault]) => single(parameter.name, text, `${fault} in ${parameter.name}`)),
      ...(parameter.schema.type === 'array' ? [] : [{ name: parameter.name, texts: ['1', '2'], fault: `${parameter.name} twice` }]),
    ]);
    const tooMany = parameters.flatMap(({ name, schema: { items, maxItems } }) =>
      maxItems === undefined ? [] : [{ name, texts: Array(maxItems + 1).fill(items?.enum?.[0]) as string[], fault: `${name} too often` }],
    );
    const unknown = single('surprise', '1', 'unknown parameter');
    // The owner named in a query is checked before the query: what is no id is not the caller's. A missing one is a mistake of the query.
    const expected = ({ name, texts }: { name: string; texts: readonly string[] }) => (name === 'user_id' && texts.length > 0 ? [400, 403] : [400]);
    const required = parameters.filter((parameter) => parameter.required).map(({ name }) => ({ name, texts: [], fault: `missing ${name}` }));
    return [
      fc.tuple(own, fc.constantFrom(...faults, ...tooMany, unknown, ...required)).map(([parts, { name, texts, fault }]) => {
        const { query, ...plan } = planOf(operation, parts, fault, expected({ name, texts }));
        return { ...plan, query: [...query.filter(([key]) => key !== name), ...texts.map((text) => [name, text] as const)] };
      }),
    ];
  }

  private faultyTexts({ name, schema }: Parameter): [text: string, fault: string][] {
    const { anyOf, type, items, enum: options, minimum, maximum, minLength = 0, maxLength, format } = schema;
    const all = (fault: string, texts: readonly string[]): [string, string][] => texts.map((text) => [text, fault]);
    if (name === 'cursor' || name === 'since') {
      return all('damaged value', ['x', 'e30', '0', 'null', '../..', 'x'.repeat(maxLength === undefined ? 10 : maxLength + 1)]);
    }
    if (anyOf !== undefined || format !== undefined) {
      return all('bad format', ['x', '2026-02-30', '2026-01-01T25:00:00Z', '', '0']);
    }
    if (type === 'integer') {
      return [
        ...all('out of bounds by one', [String((minimum ?? 0) - 1), String((maximum ?? 0) + 1)]),
        ...all('wrong type', ['ten', '1.5', '1e1', '', ' 1', '0x1', '١']),
      ];
    }
    if ((options ?? items?.enum) !== undefined) {
      return all('bad enum', ['', 'nothing-of-the-kind', String((options ?? items?.enum)?.[0]).toUpperCase()]);
    }
    return [
      ...(minLength > 0 ? all('out of bounds by one', ['x'.repeat(minLength - 1)]) : []),
      ...(maxLength === undefined ? [] : all('out of bounds by one', ['x'.repeat(maxLength + 1), '😀'.repeat(maxLength + 1)])),
      ...all('unfit text', ['a\0b']),
    ];
  }

  private withHeaders(own: fc.Arbitrary<Parts>, operation: Operation, faults: readonly HeaderFault[], expected: readonly number[]): fc.Arbitrary<Plan> {
    return fc.tuple(own, fc.constantFrom(...faults)).map(([parts, { name, value, fault }]) => {
      const { headers, ...plan } = planOf(operation, parts, fault, expected);
      return { ...plan, headers: { ...headers, [name]: value } };
    });
  }

  private parts(operation: Operation, target: fc.Arbitrary<Target>): fc.Arbitrary<Parts> {
    const query = operation.parameters.filter((parameter) => parameter.in === 'query');
    const shape: Schema = {
      type: 'object',
      properties: Object.fromEntries(query.map(({ name, schema }) => [name, schema])),
      required: query.filter(({ required }) => required).map(({ name }) => name),
      additionalProperties: false,
    };
    const { body } = operation;
    const content = body === undefined ? fc.constant(undefined) : this.values.valid(body.schema);
    return fc
      .record({
        sender: fc.constantFrom<Sender>('alice', 'bob', 'visitor', 'admin'),
        target,
        alias: fc.boolean(),
        // All filters at once would find nothing.
        query: fc
          .tuple(
            this.values.valid(shape) as fc.Arbitrary<Record<string, unknown>>,
            fc.subarray(
              query.map(({ name }) => name),
              { maxLength: Math.min(3, query.length) },
            ),
          )
          .map(([all, named]) => Object.fromEntries(Object.entries(all).filter(([name]) => named.includes(name) || shape.required?.includes(name)))),
        headers: this.headers(operation),
        body: body === undefined || body.required ? content : fc.option(content, { nil: undefined }),
        mediaType: body === undefined ? fc.constant(undefined) : fc.constantFrom(...body.mediaTypes, `${body.mediaTypes[0]}; charset=utf-8`),
      })
      .map((parts) => settle(operation, parts));
  }

  private headers({ parameters }: Operation): fc.Arbitrary<Record<string, string>> {
    const known: Readonly<Record<string, fc.Arbitrary<string>>> = {
      'If-Match': fc.constantFrom('*', '"1"', 'W/"9", "1"'),
      'If-None-Match': fc.constantFrom('"999999"', 'W/"999999"', '"one"'),
    };
    const fields = parameters
      .filter((parameter) => parameter.in === 'header')
      .map(({ name, schema }) => [name, known[name] ?? (this.values.valid(schema) as fc.Arbitrary<string>)] as const);
    return fc.record(Object.fromEntries(fields), { requiredKeys: [] }) as fc.Arbitrary<Record<string, string>>;
  }
}

interface HeaderFault {
  readonly name: string;
  readonly value: string;
  readonly fault: string;
}

const malformedKeys: readonly HeaderFault[] = ['', 'a b', 'x'.repeat(256), 'ключ'.normalize(), '\u00E9', 'tab\tkey'].map((value) => ({
  name: 'Idempotency-Key',
  value: Buffer.from(value).toString('latin1'),
  fault: 'bad Idempotency-Key',
}));
const staleConditions: readonly HeaderFault[] = ['"0"', 'W/"1"', '"999999"', '1', ''].map((value) => ({ name: 'If-Match', value, fault: 'stale If-Match' }));

const withoutToken: readonly Partial<Plan>[] = [
  { sender: 'anonymous', fault: 'no token' },
  { sender: 'forger', fault: 'bad token' },
];

function malformedPaths({ path }: Operation): Partial<Plan>[] {
  const malformed = ['7', 'ME', '019e3a5c-7b1e-7c3a-9d52-3f8f6f0a1b2g', '%F0%9F%92%A5', '%00', '..%2F..', `${placeholders.ownId}%20`];
  return malformed.flatMap((id) => [
    { path: pathOf(path, id), fault: 'malformed id' },
    ...(path.includes('{sessionId}') ? [{ path: pathOf(path, placeholders.ownId, id), fault: 'malformed session id' }] : []),
  ]);
}

function contentType(mediaType: string): Record<string, string> {
  return mediaType === '' ? {} : { 'Content-Type': mediaType };
}

/** What the contract says in words about parts that go together. */
function settle(operation: Operation, parts: Parts): Parts {
  let { sender, query, body, target } = parts;
  if (operation.id === 'listUsers') {
    target = 'own';
  }
  if (sender === 'visitor' && operation.path.startsWith('/auth/')) {
    // Whose session begins or ends does not matter, and a visitor's account costs time.
    sender = 'alice';
  }
  if (sender !== 'visitor' && destructive.has(operation.id) && target === 'own') {
    sender = 'visitor';
  }
  if (operation.id === 'listTodos' && query['archived'] === 'true') {
    query = { ...query, sort: undefined, dueBefore: undefined, dueAfter: undefined };
  }
  if (operation.id === 'getRecords' || operation.id === 'deleteRecord') {
    query = { ...query, ...('user_id' in query && { user_id: namedUser(target) }) };
  }
  if (operation.id === 'createRecord' || operation.id === 'changeRecord') {
    body = { ...(body as object), user_id: namedUser(target) };
  }
  if (target === 'own' && operation.id === 'login') {
    body = { email: placeholders.ownEmail, password: placeholders.ownPassword };
  }
  if (target === 'own' && (operation.id === 'refresh' || operation.id === 'logout')) {
    body = { refreshToken: placeholders.ownRefreshToken };
  }
  if (operation.id === 'registerUser') {
    body = hardToGuess(body as Record<string, unknown>);
  }
  if (operation.id === 'updateUser') {
    // A new password or e-mail needs the present one.
    body = { ...hardToGuess(body as Record<string, unknown>), currentPassword: placeholders.ownPassword };
  }
  return { ...parts, sender, target, query, body };
}

function namedUser(target: Target): string {
  return { own: placeholders.ownId, other: placeholders.otherId, absent: placeholders.absentId }[target];
}

function planOf(operation: Operation, parts: Parts, fault: string | undefined, expected: readonly number[]): Plan {
  const { sender, target, alias, query, headers, body, mediaType } = parts;
  const ofTodo = operation.path.startsWith('/todos/');
  const id = ofTodo
    ? { own: placeholders.ownTodo, other: placeholders.otherTodo, absent: placeholders.absentId }[target]
    : alias && target === 'own'
      ? 'me'
      : namedUser(target);
  const bytes = body === undefined ? undefined : Buffer.from(JSON.stringify(body));
  return withLimit({
    operation,
    sender: operation.isProtected || operation.path.startsWith('/auth/') ? sender : 'anonymous',
    path: pathOf(operation.path, id),
    query: Object.entries(query).flatMap(([name, value]) =>
      value === undefined ? [] : [value].flat().map((text) => [name, `${text as string | number}`] as const),
    ),
    headers: { ...headers, ...(bytes && contentType(mediaType ?? '')) },
    body: bytes,
    fault,
    trespasses: target === 'other' && namesSomeone(operation, parts),
    expected,
  });
}

function pathOf(path: string, id: string, sessionId: string = placeholders.ownSession): string {
  return path.replace('{id}', id).replace('{sessionId}', sessionId);
}

/** Each field may be as long as it may, and the body too long all the same. */
function withLimit(plan: Plan): Plan {
  return (plan.body?.length ?? 0) > bodyLimitBytes ? { ...plan, expected: [...plan.expected, 413] } : plan;
}

/** Whether a request names whose data it is about. */
function namesSomeone({ path }: Operation, { query, body }: Parts): boolean {
  return path.includes('{id}') || 'user_id' in query || (typeof body === 'object' && body !== null && 'user_id' in body);
}

/** The statuses that the design (sections 2 and 3) gives to a request that fits its schemas. */
function expectedOf(operation: Operation, parts: Parts): readonly number[] {
  const { id, path, method, answers } = operation;
  const success = Number(Object.keys(answers)[0]);
  const { sender, target, query } = parts;
  // Two random keys may be the same.
  const keyReused = 'Idempotency-Key' in parts.headers ? [422] : [];
  const ofAdmin = sender === 'admin';
  switch (id) {
    case 'login':
      // One unknown e-mail may be drawn more often than an account may fail.
      return target === 'own' ? [success] : [401, 429];
    case 'refresh':
      return target === 'own' ? [success] : [401];
    case 'createTodo':
      return target === 'own' ? [201, ...keyReused] : [403];
    case 'batchTodos':
      // The ids that are drawn are of no todo.
      return target === 'own' ? [200, 404, ...keyReused] : [403];
    case 'resetPassword':
    case 'verifyEmail':
      // The token that is drawn is in no mail.
      return [400];
    case 'registerUser':
      return [success, 409];
    case 'listUsers':
      return ofAdmin ? [200] : [403];
    case 'getRecords':
      if (!('user_id' in query)) {
        return ofAdmin ? [200] : [403];
      }
      break;
    case 'createRecord':
      // One record a user: those who have one already get a conflict.
      return target === 'own' ? [sender === 'visitor' ? 201 : 409, ...keyReused] : [403];
    case 'updateUser':
      return target === 'own' ? [200, 409] : [403];
    default:
  }
  if (path.startsWith('/todos/')) {
    return target === 'own' ? [success] : [404];
  }
  if (target === 'own' || !namesSomeone(operation, parts)) {
    return [success];
  }
  const mayRead = ofAdmin && method === 'GET' && !ownersAlone.has(id);
  return mayRead ? (target === 'other' ? [200] : [404]) : [403];
}
