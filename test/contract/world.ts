import { randomUUID } from 'node:crypto';
import { changeRole } from '../support/administrators.js';
import { type Answer, callService, type SignedUp, signUp, type TestService } from '../support/service.js';
import { signToken, tokenBearer } from '../support/tokens.js';
import { type Placeholder, placeholders } from './placeholders.js';
import type { Plan, Sender } from './requests.js';
import type { SentRequest } from './wire.js';

/** Someone who sends requests. */
export interface Person {
  readonly id: string;
  /** Renewed in long runs, as it holds for 15 minutes only. */
  token: string;
  /** Undefined for one who has a token and no profile. */
  readonly account: SignedUp | undefined;
  /** What is theirs alone: none of it may ever be in an answer to another user. */
  readonly marks: readonly string[];
  /** A todo with their mark. */
  readonly todoId: string | undefined;
}

/** A request ready to be sent, and what its sender must not see. */
export interface PreparedRequest {
  readonly request: SentRequest;
  readonly hasToken: boolean;
  readonly secrets: readonly string[];
}

/** After how many milliseconds tokens are renewed: well within the 15 minutes for which they hold. */
const renewalMs = 5 * 60_000;

/** The people of a contract run and what is planted for each, on the real service; what they are given is never judged. */
export class World {
  private renewedAt = Date.now();

  private constructor(
    private readonly service: TestService,
    readonly alice: Person,
    readonly bob: Person,
    readonly admin: Person,
  ) {}

  /** Registers two users whose data must never meet, and an administrator. */
  static async settle(service: TestService): Promise<World> {
    const [alice, bob] = [await planted(service, 'alice'), await planted(service, 'bob')];
    return new World(service, alice, bob, await administrator(service));
  }

  /** Puts real ids, credentials and tokens in a plan, having made what it needs to be there. */
  async prepare(plan: Plan): Promise<PreparedRequest> {
    await this.renewTokens();
    const { operation, sender } = plan;
    const person = await this.personFor(plan);
    const other = person === this.bob ? this.alice : this.bob;
    const template = JSON.stringify({ path: plan.path, query: plan.query, body: plan.body?.toString('latin1') });
    const values = new Map<Placeholder, string | undefined>([
      ['ownId', person.id],
      ['otherId', other.id],
      ['ownTodo', template.includes(placeholders.ownTodo) ? await this.newTodo(person) : undefined],
      ['otherTodo', other.todoId],
      ['ownEmail', person.account?.email],
      ['ownPassword', person.account?.password],
      ['ownSession', template.includes(placeholders.ownSession) ? await this.newSession(person) : undefined],
      ['ownRefreshToken', template.includes(placeholders.ownRefreshToken) ? await this.newRefreshToken(person) : undefined],
    ]);
    const filled = (text: string): string =>
      [...values].reduce((result, [name, value]) => (value === undefined ? result : result.replaceAll(placeholders[name], value)), text);
    const query = plan.query.map(([name, value]) => `${name}=${encodeURIComponent(filled(value))}`).join('&');
    const token = operation.isProtected ? this.tokenOf(sender, person) : undefined;
    return {
      request: {
        method: operation.method,
        path: filled(plan.path) + (query === '' ? '' : `?${query}`),
        headers: { ...plan.headers, ...(token !== undefined && { Authorization: `Bearer ${token}` }) },
        // Latin-1 keeps every byte, of text that is not UTF-8 too; the placeholders are ASCII.
        body: plan.body && Buffer.from(filled(plan.body.toString('latin1')), 'latin1'),
      },
      hasToken: token !== undefined && sender !== 'forger',
      secrets: this.secretsFrom(sender, person),
    };
  }

  /** A user of their own for one story. */
  async newcomer(): Promise<SignedUp> {
    await this.renewTokens();
    return signUp(this.call, { name: `Newcomer ${randomUUID()}` });
  }

  private async renewTokens(): Promise<void> {
    if (Date.now() - this.renewedAt < renewalMs) {
      return;
    }
    this.renewedAt = Date.now();
    for (const person of [this.alice, this.bob, this.admin]) {
      const { body } = await this.signIn(person);
      person.token = body.accessToken as string;
    }
  }

  private async personFor({ operation, sender }: Plan): Promise<Person> {
    switch (sender) {
      case 'alice':
      case 'anonymous':
      case 'forger':
        return this.alice;
      case 'bob':
        return this.bob;
      case 'admin':
        return this.admin;
      case 'visitor':
        return this.visitor(operation.path, operation.method);
      default:
        return sender satisfies never;
    }
  }

  // Registering costs two password hashes, so only those who need a profile get one.
  private async visitor(path: string, method: string): Promise<Person> {
    const needsProfile = /^\/(auth|dashboard|users\/\{id\}(\/sessions|\/verification|$))/.test(path);
    const account = needsProfile ? await this.newcomer() : undefined;
    const bearer = account === undefined ? tokenBearer(this.service.config) : { id: account.id, token: account.accessToken };
    if (path === '/dynamo' && method !== 'POST') {
      await this.make('/dynamo', bearer.token, { user_id: bearer.id });
    }
    return { ...bearer, account, marks: [], todoId: undefined };
  }

  private async newTodo({ id, token, marks }: Person): Promise<string> {
    return this.make(`/users/${id}/todos`, token, { title: `Planted ${marks[0] ?? ''}`, tags: ['planted'] });
  }

  private async signIn({ account }: Person): Promise<Answer> {
    return this.call('POST', '/auth/login', { body: { email: account?.email, password: account?.password } });
  }

  private async newRefreshToken(person: Person): Promise<string> {
    const { body } = await this.signIn(person);
    return body.refreshToken as string;
  }

  private async newSession(person: Person): Promise<string> {
    const { body } = await this.signIn(person);
    return (JSON.parse(Buffer.from(String(body.accessToken).split('.')[1] ?? '', 'base64url').toString()) as { sid: string }).sid;
  }

  private async make(path: string, token: string, body: object): Promise<string> {
    return make(this.service, path, token, body);
  }

  private readonly call: TestService['call'] = async (...request) => callService(this.service.url, ...request);

  private tokenOf(sender: Sender, { id, token }: Person): string | undefined {
    switch (sender) {
      case 'anonymous':
        return undefined;
      case 'forger':
        return signToken('another secret, of another service', { sub: id, role: 'admin', iss: 'duet', aud: 'duet', exp: 4_000_000_000 });
      case 'alice':
      case 'bob':
      case 'admin':
      case 'visitor':
        return token;
      default:
        return sender satisfies never;
    }
  }

  private secretsFrom(sender: Sender, person: Person): readonly string[] {
    return sender === 'admin'
      ? []
      : [this.alice, this.bob].filter((owner) => sender === 'anonymous' || sender === 'forger' || owner !== person).flatMap(({ marks }) => marks);
  }
}

async function planted(service: TestService, name: string): Promise<Person> {
  const mark = `mark-of-${name}-${randomUUID()}`;
  const account = await service.signUp({ name: mark, email: `${mark}@example.com` });
  const { id, accessToken: token } = account;
  const todoId = await make(service, `/users/${id}/todos`, token, { title: mark, description: mark, tags: ['planted', mark.slice(0, 50)], due: '2026-12-31' });
  await make(service, '/dynamo', token, { user_id: id, mark });
  return { id, token, account, marks: [mark, id, todoId], todoId };
}

async function administrator(service: TestService): Promise<Person> {
  const account = await service.signUp({ name: 'Administrator' });
  // The operator's way (npm run admin), as no request can make one.
  await changeRole(service.config, 'grantAdmin', account.id);
  const { body } = await service.call('POST', '/auth/login', { body: { email: account.email, password: account.password } });
  const token = body.accessToken as string;
  await make(service, '/dynamo', token, { user_id: account.id });
  return { id: account.id, token, account, marks: [], todoId: undefined };
}

async function make(service: TestService, path: string, token: string, body: object): Promise<string> {
  const { status, text, body: made } = await service.call('POST', path, { token, body });
  if (status !== 201) {
    throw new Error(`Preparing a contract test, POST ${path} answered ${status}: ${text}`);
  }
  return (made.id ?? made.user_id) as string;
}
