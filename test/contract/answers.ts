import type { ContractDocument, DocumentedAnswer, Operation } from './document.js';
import { Validation } from './validation.js';
import { jsonOf, type ReceivedAnswer } from './wire.js';

/** What an answer can be held to. Each name is a promise of the contract, and what is printed when it is broken. */
export const rules = [
  'no fault of the service',
  'documented status',
  'documented media type',
  'documented header present',
  'header fits its schema',
  'no undocumented header',
  'body fits its schema',
  'problem names its own request',
  'documented code',
  'invalid input is refused',
  'valid input is taken',
  'no token, no access',
  'status as designed',
  'nothing of other users',
  'entity tag is the version',
  'limit is kept',
  'what was written is read',
  'what was deleted is gone',
  'lists hold what there is',
  'a stale write is refused',
  'an unchanged read is 304',
  'a repeated key replays',
  'sessions end',
  'tries are limited',
] as const;

/** One of {@link rules}. */
export type Rule = (typeof rules)[number];

/** One broken promise. */
export interface Violation {
  readonly rule: Rule;
  readonly detail: string;
}

/** What is known of the request behind an answer. */
export interface Judged {
  readonly operation: Operation;
  readonly answer: ReceivedAnswer;
  /** What is wrong with the request; undefined when nothing is. */
  readonly fault: string | undefined;
  readonly hasToken: boolean;
  readonly trespasses: boolean;
  readonly expected: readonly number[];
  /** How many items a page may have. */
  readonly limit: number;
  /** Texts that belong to others, and that this sender may never see. */
  readonly secrets: readonly string[];
}

// What the contract promises in headers; others, such as Date, are the server's.
const contractHeaders = [
  'X-Request-Id',
  'ETag',
  'Location',
  'Idempotency-Replayed',
  'RateLimit',
  'RateLimit-Policy',
  'WWW-Authenticate',
  'Retry-After',
  'Allow',
];

/** Holds answers to the contract. */
export class Judge {
  private readonly validation: Validation;

  constructor(document: ContractDocument) {
    this.validation = new Validation(document, true);
  }

  /** Every promise that an answer breaks. */
  violations(judged: Judged): Violation[] {
    const { operation, answer } = judged;
    const documented = operation.answers[answer.status];
    return [
      ...outcome(judged),
      ...secrecy(judged),
      ...(documented === undefined
        ? [{ rule: 'documented status' as const, detail: `${answer.status} is none of ${Object.keys(operation.answers).join(', ')}` }]
        : [...this.headers(documented, answer), ...this.body(documented, answer)]),
      ...consistency(judged),
    ];
  }

  private headers({ headers = {} }: DocumentedAnswer, answer: ReceivedAnswer): Violation[] {
    const documented = Object.entries(headers).flatMap(([name, { required, schema }]): Violation[] => {
      const value = answer.headers.get(name);
      if (value === null) {
        return required ? [{ rule: 'documented header present', detail: `${name} is missing` }] : [];
      }
      const typed = schema.type === 'integer' ? Number(value) : value;
      return this.validation
        .of(schema)(typed)
        .map((detail) => ({ rule: 'header fits its schema', detail: `${name}: ${value} ${detail}` }));
    });
    const known = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
    const surprises = contractHeaders.filter((name) => answer.headers.has(name) && !known.has(name.toLowerCase()));
    return [...documented, ...surprises.map((name): Violation => ({ rule: 'no undocumented header', detail: `${name}: ${answer.headers.get(name)}` }))];
  }

  private body({ content = {} }: DocumentedAnswer, answer: ReceivedAnswer): Violation[] {
    const mediaType = answer.headers.get('Content-Type')?.split(';')[0]?.trim().toLowerCase() ?? '';
    const types = Object.keys(content);
    if (types.length === 0) {
      return answer.text === '' ? [] : [{ rule: 'body fits its schema', detail: `there should be none, not ${shortened(answer.text)}` }];
    }
    const documented = content[mediaType];
    if (documented === undefined) {
      return [{ rule: 'documented media type', detail: `${mediaType || '(none)'} is none of ${types.join(', ')}` }];
    }
    const body = jsonOf(answer);
    if (body === undefined) {
      return [{ rule: 'body fits its schema', detail: `it is not JSON: ${shortened(answer.text)}` }];
    }
    const { code } = body as { code?: unknown };
    return [
      ...this.validation
        .of(documented.schema)(body)
        .map((detail): Violation => ({ rule: 'body fits its schema', detail })),
      ...(documented.examples === undefined || String(code) in documented.examples
        ? []
        : [{ rule: 'documented code' as const, detail: `${String(code)} is none of ${Object.keys(documented.examples).join(', ')}` }]),
    ];
  }
}

/** Whether the request should have been carried out. */
function outcome({ operation, answer: { status }, fault, hasToken, trespasses, expected }: Judged): Violation[] {
  const tells = (rule: Rule): Violation[] => [
    { rule, detail: `${status} for ${fault ?? 'a request that fits its schemas'}, expected ${expected.join(' or ')}` },
  ];
  if (status >= 500) {
    return tells('no fault of the service');
  }
  if (expected.includes(status)) {
    return [];
  }
  const succeeded = status < 400;
  if (succeeded && operation.isProtected && !hasToken) {
    return tells('no token, no access');
  }
  if (succeeded && trespasses) {
    return tells('nothing of other users');
  }
  if (succeeded && fault !== undefined) {
    return tells('invalid input is refused');
  }
  return fault === undefined && [400, 413, 415, 422].includes(status) ? tells('valid input is taken') : tells('status as designed');
}

function secrecy({ answer, secrets }: Judged): Violation[] {
  const shown = answer.text + [...answer.headers.values()].join('\n');
  return secrets.filter((secret) => shown.includes(secret)).map((secret) => ({ rule: 'nothing of other users', detail: `the answer holds ${secret}` }));
}

/** What parts of an answer say of each other. */
function consistency({ answer, limit }: Judged): Violation[] {
  const { status, headers } = answer;
  const body = jsonOf(answer);
  if (typeof body !== 'object' || body === null) {
    return [];
  }
  const found: Violation[] = [];
  const { items, version, requestId, code, type, ...problem } = body as Record<string, unknown>;
  if (
    headers.get('Content-Type')?.includes('problem') &&
    !(problem['status'] === status && requestId === headers.get('X-Request-Id') && type === `urn:duet:problem:${String(code)}`)
  ) {
    found.push({ rule: 'problem names its own request', detail: `${status} ${headers.get('X-Request-Id')} in ${shortened(answer.text)}` });
  }
  if (headers.has('ETag') && headers.get('ETag') !== `"${String(version)}"`) {
    found.push({ rule: 'entity tag is the version', detail: `${headers.get('ETag')} with version ${String(version)}` });
  }
  if (Array.isArray(items) && 'nextCursor' in body && items.length > limit) {
    found.push({ rule: 'limit is kept', detail: `${items.length} items where at most ${limit} were asked for` });
  }
  return found;
}

function shortened(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
