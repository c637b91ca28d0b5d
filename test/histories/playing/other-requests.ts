import type { Answer } from '../../support/service.js';
import type { TokenBearer } from '../../support/tokens.js';
import type { AccountInput, AccountOutput } from '../judging/models/accounts.js';
import type { CounterInput } from '../judging/models/counter.js';
import type { RecordInput } from '../judging/models/record.js';
import { password } from './groups.js';
import type { Actor, Play, Send } from './todo-requests.js';

/** Numbers that no two requests share. */
const valueOf = (name: string): number => Number(name.replace('-', '00')) || 0;

export async function useRecord(send: Send, { recorder }: Play, user: TokenBearer, { client, name }: Actor, op: RecordInput['op']): Promise<void> {
  const value = valueOf(name);
  const path = op === 'read' || op === 'delete' ? `/dynamo?user_id=${user.id}` : '/dynamo';
  const method = { create: 'POST', read: 'GET', patch: 'PATCH', delete: 'DELETE' }[op];
  const body = {
    create: { user_id: user.id, value },
    patch: { user_id: user.id, updatedKey: 'value', updatedValue: value },
    read: undefined,
    delete: undefined,
  }[op];
  await recorder.record(
    client,
    async () => send(method, path, { token: user.token, ...(body && { body }) }),
    () => [
      {
        object: `record ${user.id}`,
        input: { op, value },
        output: (answer) => ({ status: answer.status, ...(answer.status < 300 && op !== 'delete' && { value: answer.body.value }) }),
        reads: op === 'read',
      },
    ],
  );
}

export async function visit(send: Send, { recorder }: Play, { client }: Actor, input: CounterInput): Promise<void> {
  await recorder.record(
    client,
    async () => send(input === 'visit' ? 'POST' : 'GET', '/counter'),
    () => [{ object: 'counter', input, output: ({ body }) => body.visitCount, reads: input === 'read' }],
  );
}

/** One request about the accounts of a group: someone registers, moves to another e-mail, renames or deletes the account, or reads the profile. */
export async function useAccount(send: Send, play: Play, actor: Actor, op: AccountInput['op']): Promise<void> {
  const { group, recorder, accounts } = play;
  const { client, random, name } = actor;
  const id = accounts[Math.floor(random() * accounts.length)] as string;
  const email = group.emails[Math.floor(random() * group.emails.length)] as string;
  const asked = ((): { input: AccountInput; method: string; body?: object; ifVersion?: number } => {
    switch (op) {
      case 'register':
        return { input: { op, email, request: name }, method: 'POST', body: { email, name, password } };
      case 'move':
        return { input: { op, id, email }, method: 'PATCH', body: { email, currentPassword: password } };
      case 'rename': {
        const ifVersion = random() < 0.5 ? 1 + Math.floor(random() * 3) : undefined;
        return { input: { op, id, name, ...(ifVersion !== undefined && { ifVersion }) }, method: 'PATCH', body: { name }, ...(ifVersion && { ifVersion }) };
      }
      case 'read':
        return { input: { op, id }, method: 'GET' };
      case 'delete':
        return { input: { op, id }, method: 'DELETE' };
    }
  })();
  const answer = await recorder.record(
    client,
    async () =>
      send(asked.method, op === 'register' ? '/users' : `/users/${id}`, {
        ...(op !== 'register' && { token: group.tokenOf(id) }),
        ...(asked.body && { body: asked.body }),
        ...(asked.ifVersion !== undefined && { headers: { 'If-Match': `"${asked.ifVersion}"` } }),
      }),
    () => [{ object: `accounts ${group.seed}`, input: asked.input, output: accountOutput, reads: op === 'read' }],
  );
  if (op === 'register' && answer?.status === 201) {
    accounts.push(answer.body.id);
  }
}

const accountOutput = ({ status, body }: Answer): AccountOutput => ({
  status,
  ...((status === 200 || status === 201) && { id: body.id, version: body.version, email: body.email, name: body.name }),
});
