import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../../support/eventually.js';
import { type Answer, startService, type TestService } from '../../support/service.js';

// Real: the service, both stores and argon2.

const password = 'correct horse battery staple';
let service: TestService;
beforeAll(async () => {
  service = await startService({
    LOGIN_LIMIT_ADDRESS: '100000',
    LOGIN_LIMIT_ACCOUNT_ADDRESS: '100000',
    LOGIN_LIMIT_ACCOUNT: '100000',
    LOGIN_SUCCESS_LIMIT_ACCOUNT: '100000',
  });
});
afterAll(async () => service?.stop());

const signIn = async (email: string): Promise<Answer> => service.call('POST', '/auth/login', { body: { email, password } });

test('200 sign-ins of one account at once keep another out for no more than a turn: what finds no place is 429 at once', async () => {
  const [crowd, other] = [await service.signUp(), await service.signUp()];
  const order: string[] = [];
  const note = async (name: string, answer: Promise<Answer>): Promise<Answer> => {
    const { status, ...rest } = await answer;
    order.push(`${name} ${status}`);
    return { status, ...rest };
  };

  const crowding = Array.from({ length: 200 }, async () => note('crowd', signIn(crowd.email)));
  // By then the crowd is in the queue, or refused.
  await eventually(() => order.includes('crowd 429'), { what: 'the queue is full' });
  await note('other', signIn(other.email));
  const answers = await Promise.all(crowding);

  expect(order.indexOf('other 200')).toBeGreaterThan(-1);
  // Most of those that were served came after the other.
  const served = order.filter((entry) => entry.endsWith('200'));
  expect(served.indexOf('other 200')).toBeLessThan(served.length / 2);
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused.length).toBeGreaterThan(0);
  expect(refused.every(({ headers }) => headers.get('retry-after') === '1')).toBe(true);
  expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
}, 60_000);

test('Registrations and new passwords wait in the same queue', async () => {
  const user = await service.signUp();
  const change = async (turn: number): Promise<Answer> =>
    service.call('PATCH', `/users/${user.id}`, {
      token: user.accessToken,
      body: { password: `a new password ${turn} of mine`, currentPassword: 'not the right one' },
    });
  const register = async (): Promise<Answer> => service.call('POST', '/users', { body: { email: 'one@example.com', name: 'One', password } });

  const answers = await Promise.all([...Array.from({ length: 60 }, async (_, turn) => change(turn)), ...Array.from({ length: 60 }, register)]);

  const statuses = (of: readonly Answer[]): number[] => [...new Set(of.map(({ status }) => status))].sort();
  expect(statuses(answers.slice(0, 60))).toEqual([403, 429]);
  expect(statuses(answers.slice(60))).toEqual([201, 409, 429]);
}, 60_000);
