import { randomBytes, randomUUID } from 'node:crypto';
import type { Send } from '../histories/playing/todo-requests.js';
import { answerOfFunction, eventOfCall, type FunctionAnswer } from '../support/aws/lambda-calls.js';
import { randomFrom } from '../support/faults/fault-proxy.js';
import type { LambdaEnvironment } from '../support/lambda-runtime/lambda-environment.js';
import type { Answer } from '../support/service.js';

/** One invocation, and what of it no other may say. */
interface Sent {
  readonly awsRequestId: string;
  /** The client's own, or else the invocation's. */
  readonly requestId: string;
  readonly traceId: string;
  readonly userAgent: string;
  /** `GET /todos/{id}`. */
  readonly route: string;
  /** What stands before the path of the answer's links. */
  readonly basePath: string;
  /** Of the token. */
  readonly userId: string | undefined;
  readonly body: unknown;
  status?: number;
}

const stages = ['$default', 'prod', 'beta'] as const;

/**
 * Invocations that overlap in one environment, each with a token, ids, a trace, a stage, a user agent and a body of its own. Keeps what of an answer or of a log
 * line belongs to another of them.
 */
export class Interleaving {
  readonly crossings: string[] = [];
  mostInFlight = 0;
  private readonly sent = new Map<string, Sent>();
  private readonly random: () => number;
  private inFlight = 0;

  /** @param people the ids of all users: an answer names none but its own. */
  constructor(
    private readonly http: LambdaEnvironment,
    private readonly people: ReadonlySet<string>,
    seed: number,
  ) {
    this.random = randomFrom(seed);
  }

  get invocations(): number {
    return this.sent.size;
  }

  readonly send: Send = async (method, path, options = {}) => {
    const [pathname = ''] = path.split('?');
    const stage = stages[Math.floor(this.random() * stages.length)] ?? '$default';
    const basePath = stage === '$default' ? '' : `/${stage}`;
    const awsRequestId = randomUUID();
    const [ownId, ownTrace, lambdaTrace] = [
      randomUUID(),
      randomBytes(16).toString('hex'),
      `1-${randomBytes(4).toString('hex')}-${randomBytes(12).toString('hex')}`,
    ];
    const [hasId, hasTrace] = [this.random() < 0.5, this.random() < 0.5];
    const sent: Sent = {
      awsRequestId,
      requestId: hasId ? ownId : awsRequestId,
      traceId: hasTrace ? ownTrace : lambdaTrace,
      userAgent: `client/${ownId}`,
      route: `${method} ${pathname.replaceAll(/(?<=\/)(me|[\da-f]{8}-[\da-f-]{27})(?=\/|$)/g, '{id}')}`,
      basePath,
      userId: options.token === undefined ? undefined : subjectOf(options.token),
      body: options.body,
    };
    this.sent.set(sent.requestId, sent);
    this.inFlight += 1;
    this.mostInFlight = Math.max(this.mostInFlight, this.inFlight);
    try {
      const headers = {
        ...options.headers,
        'user-agent': sent.userAgent,
        ...(hasId && { 'x-request-id': ownId }),
        ...(hasTrace && { traceparent: `00-${ownTrace}-${randomBytes(8).toString('hex')}-01` }),
      };
      const event = eventOfCall(method, basePath + path, { ...options, headers }, { stage });
      const ids = { requestId: awsRequestId, traceId: `Root=${lambdaTrace};Parent=${randomBytes(8).toString('hex')};Sampled=1` };
      const answer = answerOfFunction(await this.http.invoke<FunctionAnswer>(event, ids));
      sent.status = answer.status;
      const crossings = this.foreignIn(sent, answer);
      this.note(sent, 'was answered with', crossings);
      return crossings.length === 0 ? answer : null;
    } finally {
      this.inFlight -= 1;
    }
  };

  /** Reads the environment's log, once it has a line of each invocation. */
  async readLog(): Promise<void> {
    const isOfRequest = (line: string): boolean => line.includes('"message":"request"');
    const lines = await this.http.linesUntil((some) => some.filter(isOfRequest).length >= this.invocations);
    const seen = new Map<string, number>();
    for (const line of lines.filter((one) => one.includes('"requestId"'))) {
      const said = JSON.parse(line.slice(line.indexOf('{'))) as Record<string, string | number | undefined>;
      const id = String(said['requestId']);
      const sent = this.sent.get(id);
      if (sent === undefined) {
        this.crossings.push(`The log speaks of a request ${id} that was never sent`);
        continue;
      }
      this.note(sent, 'was logged with', foreignInLog(sent, said));
      if (isOfRequest(line)) {
        seen.set(id, (seen.get(id) ?? 0) + 1);
      }
    }
    for (const sent of this.sent.values()) {
      const count = seen.get(sent.requestId) ?? 0;
      this.note(sent, 'was logged', count === 1 ? [] : [`${count} times`]);
    }
  }

  private foreignIn({ requestId, basePath, userId, body: asked }: Sent, { status, headers, body, text }: Answer): string[] {
    const [etag, location] = [headers.get('etag'), headers.get('location')];
    const isOf = (name: 'title' | 'name' | 'value'): boolean => {
      const [given, wanted] = [(body as Record<string, unknown> | undefined)?.[name], (asked as Record<string, unknown> | undefined)?.[name]];
      return status >= 300 || wanted === undefined || given === undefined || given === wanted;
    };
    return foreign({
      [text]: isRefused({ status }),
      'another’s X-Request-Id': headers.get('x-request-id') !== requestId,
      'a problem of another request': body?.requestId !== undefined && body.requestId !== requestId,
      'another user’s id': [...this.people].some((id) => id !== userId && text.includes(id)),
      'another’s content': !isOf('title') || !isOf('name') || !isOf('value'),
      'another’s ETag': etag !== null && body?.version !== undefined && etag !== `"${body.version}"`,
      'another’s Location': location !== null && location !== basePath + pathOf(body),
    });
  }

  private note({ route, requestId }: Sent, what: string, which: readonly string[]): void {
    this.crossings.push(...which.map((one) => `${route} (${requestId}) ${what} ${one}`));
  }
}

function foreignInLog(sent: Sent, said: Readonly<Record<string, string | number | undefined>>): string[] {
  const differs = (name: string, own: string | number | undefined): boolean => said[name] !== undefined && said[name] !== own;
  return foreign({
    'another invocation': said['awsRequestId'] !== sent.awsRequestId,
    'another trace': said['traceId'] !== sent.traceId,
    'another route': differs('route', sent.route),
    'another status': differs('status', sent.status),
    'another user agent': differs('userAgent', sent.userAgent),
    'another actor': differs('actor', sent.userId ?? 'anonymous'),
  });
}

/** All that is asked is valid, and allowed to the one who asks. */
const isRefused = ({ status }: Pick<Answer, 'status'>): boolean => status === 400 || status === 401 || status === 403 || status === 500;

const foreign = (checks: Readonly<Record<string, boolean>>): string[] => Object.keys(checks).filter((what) => checks[what]);

/** Where what was created can be read: a record, a todo or a user. */
function pathOf({ id, user_id: holder, userId }: Readonly<Record<string, string>>): string {
  return holder === undefined ? `/${userId === undefined ? 'users' : 'todos'}/${id}` : `/dynamo?user_id=${holder}`;
}

function subjectOf(token: string): string {
  return (JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as { sub: string }).sub;
}
