import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { type Answer, startService, type TestService } from '../../support/service.js';

// Real: the application, PostgreSQL, DynamoDB, tokens and hashes. Nothing is faked.

const password = 'correct horse battery staple';

let service: TestService;
beforeAll(async () => {
  service = await startService({ LOGIN_LIMIT_ADDRESS: '100000' });
});
afterAll(async () => service?.stop());

const address = (): string => `u-${randomUUID()}@example.com`;
const register = async (body: object): Promise<Answer> => service.call('POST', '/users', { body: { email: address(), name: 'Ada', password, ...body } });
const signIn = async (email: string, word: string): Promise<Answer> => service.call('POST', '/auth/login', { body: { email, password: word } });

describe('POST /users', () => {
  test('registers a user, and never answers the password', async () => {
    const email = address();

    const { status, body, headers } = await register({ email, name: 'Ada Lovelace', timeZone: 'Europe/Berlin' });

    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.stringMatching(/^[\da-f]{8}-[\da-f]{4}-7/),
      email,
      emailVerified: false,
      name: 'Ada Lovelace',
      timeZone: 'Europe/Berlin',
      role: 'user',
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      updatedAt: body.createdAt,
      version: 1,
    });
    expect(headers.get('location')).toBe(`/users/${body.id}`);
    expect(headers.get('etag')).toBe('"1"');
  });

  test('keeps a time zone in its own case', async () => {
    expect((await register({ timeZone: 'europe/BERLIN' })).body.timeZone).toBe('Europe/Berlin');
  });

  test('defaults to UTC', async () => {
    expect((await register({})).body.timeZone).toBe('UTC');
  });

  test('refuses an e-mail that is taken in another case with 409', async () => {
    const email = address();
    await register({ email });

    const { status, body } = await register({ email: email.toUpperCase() });

    expect(status).toBe(409);
    expect(body).toMatchObject({ code: 'user.email_taken', type: 'urn:duet:problem:user.email_taken' });
  });

  test('lets one of many registrations of an e-mail at the same time through', async () => {
    const email = address();

    const answers = await Promise.all(Array.from({ length: 6 }, async (_, turn) => register({ email: turn % 2 ? email : email.toUpperCase() })));

    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409, 409, 409]);
  });

  test.each([
    ['an e-mail without @', { email: 'unknown' }, '/email'],
    ['an e-mail without a dot in its domain', { email: 'a@b' }, '/email'],
    ['an e-mail with a space', { email: 'a b@example.com' }, '/email'],
    ['an e-mail with a header behind it', { email: 'ada@example.com\r\nBcc: eve@example.com' }, '/email'],
    ['an e-mail with a header before it', { email: 'Bcc: eve@example.com\nada@example.com' }, '/email'],
    ['an e-mail over 254 characters', { email: `${'a'.repeat(60)}@${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(60)}.example.com` }, '/email'],
    ['a blank name', { name: '   ' }, '/name'],
    ['a name of 201 characters', { name: 'n'.repeat(201) }, '/name'],
    ['an unknown time zone', { timeZone: 'Mars/Olympus' }, '/timeZone'],
    ['an offset for a time zone', { timeZone: '+02:00' }, '/timeZone'],
    ['a password of 14 code points', { password: '\u{1F511}'.repeat(14) }, '/password'],
    ['a password of 129 code points', { password: 'p'.repeat(129) }, '/password'],
    ['one character over and over', { password: '1'.repeat(15) }, '/password'],
    ['a word twice', { password: 'passwordpassword' }, '/password'],
    ['one of the most used passwords', { password: 'q1w2e3r4t5y6u7i8' }, '/password'],
    ['a time zone that is not IANA’s', { timeZone: 'IST' }, '/timeZone'],
    ['the name as password', { name: 'Augusta Ada Lovelace', password: 'augusta ada LOVELACE' }, '/password'],
    ['a role', { role: 'admin' }, '/role'],
    ['NUL in the name', { name: 'a\0b' }, '/name'],
  ])('refuses %s with 400', async (_, body, pointer) => {
    const answer = await register(body);

    expect(answer.status).toBe(400);
    expect(answer.body.errors.map((problem: { pointer: string }) => problem.pointer)).toContain(pointer);
  });

  test('refuses the e-mail as password with 400', async () => {
    const email = address();

    const { status, body } = await register({ email, password: email.toUpperCase() });

    expect([status, body.errors?.[0].pointer]).toEqual([400, '/password']);
  });

  test.each([15, 128])('takes a password of %d code points outside the basic plane', async (length) => {
    const email = address();
    const word = Array.from({ length }, (_, turn) => String.fromCodePoint(0x1_f511 + turn ** 2)).join('');

    expect((await register({ email, password: word })).status).toBe(201);
    expect((await signIn(email, word)).status).toBe(200);
  });

  test('answers no body, a broken one, a large one and another type with 400, 400, 413 and 415, all with their quota', async () => {
    const answers = await Promise.all([
      service.call('POST', '/users'),
      service.call('POST', '/users', { body: '{' }),
      service.call('POST', '/users', { body: { name: 'x'.repeat(102_400) } }),
      service.call('POST', '/users', { body: 'a=b', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }),
    ]);

    expect(answers.map(({ status }) => status)).toEqual([400, 400, 413, 415]);
    for (const { headers } of answers) {
      expect(headers.get('ratelimit-policy')).toBe('"registration";q=100000;w=3600');
      expect(headers.get('ratelimit')).toMatch(/^"registration";r=\d+;t=\d+$/);
    }
  });
});
