import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { createServerApp } from '../../../src/local/server/server-app.js';
import { RolesService } from '../../../src/features/users/roles.service.js';
import { Postgres } from '../../../src/platform/postgres/postgres.js';
import { type Answer, type SignedUp, startService, type TestService } from '../../support/service.js';

/** Real: the application, PostgreSQL, DynamoDB, tokens and hashes. Nothing is faked. */
describe('/users', () => {
  const password = 'correct horse battery staple';
  let service: TestService;
  /** The operator's side: a second application on the same stores, as `npm run admin` starts one. */
  let operator: Awaited<ReturnType<typeof createServerApp>>;
  let admin: SignedUp;

  const address = (): string => `u-${randomUUID()}@example.com`;
  const register = async (body: object): Promise<Answer> => service.call('POST', '/users', { body: { email: address(), name: 'Ada', password, ...body } });
  const patch = async (user: SignedUp, body: object, headers = {}): Promise<Answer> =>
    service.call('PATCH', `/users/${user.id}`, { token: user.accessToken, body, headers });
  const signIn = async (email: string, word: string): Promise<Answer> => service.call('POST', '/auth/login', { body: { email, password: word } });

  // The rows as they were written: the outbox's worker empties them when it has told of them.
  const writtenTo = async (userId: string): Promise<{ kind: string; payload: Record<string, unknown> }[]> =>
    operator.get(Postgres).read(async (manager) => manager.query('SELECT kind, payload FROM written WHERE user_id = $1 ORDER BY sequence', [userId]));
  // With its owner's rights: the service itself may not use other tables than its own.
  const keepWhatIsWritten = `
    CREATE TABLE written (LIKE outbox);
    CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN INSERT INTO written SELECT NEW.*; RETURN NEW; END';
    CREATE TRIGGER keep AFTER INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION keep();
  `;

  beforeAll(async () => {
    service = await startService({ LOGIN_LIMIT_ADDRESS: '100000' });
    operator = await createServerApp(service.config);
    await operator.get(Postgres).transaction(async (transaction) => transaction.query(keepWhatIsWritten));
    const { email } = (admin = await service.signUp());
    await operator.get(RolesService).grantAdmin(admin.id);
    const { body } = await signIn(email, password);
    admin = { ...admin, accessToken: body.accessToken };
  });
  afterAll(async () => {
    await operator?.close();
    await service?.stop();
  });

  describe('POST', () => {
    test('registers a user, whose password is never told', async () => {
      const email = address();

      const { status, body, headers } = await register({ email, name: 'Ada Lovelace', timeZone: 'Europe/Berlin' });

      expect(status).toBe(201);
      expect(body).toEqual({
        id: expect.stringMatching(/^[\da-f]{8}-[\da-f]{4}-7/),
        email,
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
      ['an e-mail without @', { email: 'nobody' }, '/email'],
      ['an e-mail without a dot in its domain', { email: 'a@b' }, '/email'],
      ['an e-mail with a space', { email: 'a b@example.com' }, '/email'],
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

  describe('GET /users/{id}', () => {
    test('reads one’s own, and answers 304 to one who has it', async () => {
      const user = await service.signUp({ name: 'Grace' });

      const { status, body, headers } = await service.call('GET', `/users/${user.id}`, { token: user.accessToken });
      const again = await service.call('GET', `/users/${user.id}`, { token: user.accessToken, headers: { 'If-None-Match': headers.get('etag') ?? '' } });

      expect(status).toBe(200);
      expect(body).toMatchObject({ id: user.id, name: 'Grace', version: 1 });
      expect(headers.get('etag')).toBe('"1"');
      expect([again.status, again.text, again.headers.get('etag')]).toEqual([304, '', '"1"']);
    });

    test('answers 403 for someone else’s id, whether or not it exists', async () => {
      const user = await service.signUp();

      for (const id of [admin.id, randomUUID()]) {
        const { status, body } = await service.call('GET', `/users/${id}`, { token: user.accessToken });
        expect([status, body.code]).toEqual([403, 'access.denied']);
      }
    });

    test('lets an admin read every user, and tells of absent and malformed ids', async () => {
      const user = await service.signUp();
      const read = async (id: string): Promise<Answer> => service.call('GET', `/users/${id}`, { token: admin.accessToken });

      expect((await read(user.id)).body.id).toBe(user.id);
      const absent = await read(randomUUID());
      expect([absent.status, absent.body.code]).toEqual([404, 'user.not_found']);
      expect((await read('not-an-id')).status).toBe(400);
    });

    test('never lets an admin write another’s', async () => {
      const user = await service.signUp();

      const changed = await service.call('PATCH', `/users/${user.id}`, { token: admin.accessToken, body: { name: 'Mallory' } });
      const deleted = await service.call('DELETE', `/users/${user.id}`, { token: admin.accessToken });

      expect([changed.status, deleted.status]).toEqual([403, 403]);
    });
  });

  describe('GET /users', () => {
    test('lists every user once, in the order they registered, in pages', async () => {
      const users = [await service.signUp(), await service.signUp(), await service.signUp()];
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const query: string = cursor === null ? '' : `&cursor=${cursor}`;
        const { status, body } = await service.call('GET', `/users?limit=2${query}`, { token: admin.accessToken });
        expect(status).toBe(200);
        expect(body.items.length).toBeLessThanOrEqual(2);
        seen.push(...body.items.map(({ id }: { id: string }) => id));
        cursor = body.nextCursor;
      } while (cursor !== null);

      expect(seen).toEqual([...new Set(seen)].sort());
      expect(seen).toEqual(expect.arrayContaining(users.map(({ id }) => id)));
    });

    test('has room for a hundred of the largest users in a million bytes', async () => {
      // A control character is six bytes of JSON: no text of 200 code points is longer.
      const email = `${'a'.repeat(64)}@${`${'b'.repeat(61)}.`.repeat(3)}com`;
      const { status, body } = await register({ email, name: `n${'\u0001'.repeat(199)}`, timeZone: 'America/Argentina/ComodRivadavia' });

      expect([status, body.email]).toEqual([201, email]);
      expect(100 * Buffer.byteLength(JSON.stringify(body))).toBeLessThan(1_000_000);
    });

    test('is for admins alone', async () => {
      const user = await service.signUp();

      expect((await service.call('GET', '/users', { token: user.accessToken })).status).toBe(403);
      expect((await service.call('GET', '/users')).status).toBe(401);
    });

    test('refuses limits out of range and foreign or damaged cursors with 400', async () => {
      const other = await service.signUp();
      await operator.get(RolesService).grantAdmin(other.id);
      const { body } = await signIn(other.email, other.password);
      const { nextCursor } = (await service.call('GET', '/users?limit=1', { token: body.accessToken })).body;

      for (const query of [
        'limit=0',
        'limit=101',
        'limit=x',
        'limit=1.5',
        'limit=1&limit=2',
        'cursor=x',
        'cursor=',
        `cursor=${nextCursor}`,
        `cursor=${nextCursor}A`,
      ]) {
        expect((await service.call('GET', `/users?${query}`, { token: admin.accessToken })).status).toBe(400);
      }
    });
  });

  describe('PATCH /users/{id}', () => {
    test('changes what it names, in both media types, and keeps the rest', async () => {
      const user = await service.signUp({ name: 'Before' });

      const named = await patch(user, { name: 'After' }, { 'Content-Type': 'application/merge-patch+json' });
      const moved = await patch(user, { timeZone: 'Asia/Tokyo' });

      expect(named.body).toMatchObject({ name: 'After', timeZone: 'UTC', version: 2 });
      expect(moved.body).toMatchObject({ name: 'After', timeZone: 'Asia/Tokyo', version: 3 });
      expect(moved.headers.get('etag')).toBe('"3"');
      expect((await service.call('GET', `/users/${user.id}`, { token: user.accessToken })).body).toEqual(moved.body);
    });

    test('that is empty changes nothing', async () => {
      const user = await service.signUp();

      const { status, body } = await patch(user, {});

      expect([status, body.version]).toEqual([200, 1]);
    });

    test.each([
      ['null', { name: null }, '/name'],
      ['an unknown field', { nickname: 'x' }, '/nickname'],
      ['a role', { role: 'admin' }, '/role'],
      ['an id', { id: randomUUID() }, '/id'],
      ['a new password without the present one', { password: 'another long password' }, '/currentPassword'],
      ['a new e-mail without the present password', { email: 'new@example.com' }, '/currentPassword'],
      ['a short password', { password: 'short', currentPassword: password }, '/password'],
    ])('refuses %s with 400', async (_, body, pointer) => {
      const user = await service.signUp();

      const answer = await patch(user, body);

      expect([answer.status, answer.body.errors[0].pointer]).toEqual([400, pointer]);
    });

    test('refuses a list for a body with 400', async () => {
      expect((await patch(await service.signUp(), [])).status).toBe(400);
    });

    test('refuses a wrong present password with 403', async () => {
      const user = await service.signUp();

      const { status, body } = await patch(user, { email: address(), currentPassword: 'not the password at all' });

      expect([status, body.code]).toEqual([403, 'user.wrong_password']);
      expect((await service.call('GET', `/users/${user.id}`, { token: user.accessToken })).body.email).toBe(user.email);
    });

    test('counts wrong present passwords as failed sign-ins', async () => {
      const user = await service.signUp();
      for (let turn = 0; turn < 10; turn += 1) {
        expect((await patch(user, { password: 'another long password', currentPassword: `guess ${turn}` })).status).toBe(403);
      }

      const { status, headers } = await patch(user, { password: 'another long password', currentPassword: password });

      expect(status).toBe(429);
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
      expect(headers.get('ratelimit')).toMatch(/^"account-address";r=0;t=\d+, "address";r=\d+;t=\d+$/);
      expect(headers.get('ratelimit-policy')).toBe('"account-address";q=10;w=900, "address";q=100000;w=900');
      expect((await signIn(user.email, password)).status).toBe(429);
    });

    test('with a new e-mail moves the account to it', async () => {
      const user = await service.signUp();
      const email = address();

      expect((await patch(user, { email, currentPassword: password })).body).toMatchObject({ email, version: 2 });

      expect((await signIn(email, password)).status).toBe(200);
      expect((await signIn(user.email, password)).status).toBe(401);
      expect((await register({ email: user.email })).status).toBe(201);
    });

    test('refuses a taken e-mail with 409, and lets one write one’s own in another case', async () => {
      const [user, other] = [await service.signUp(), await service.signUp()];

      const taken = await patch(user, { email: other.email.toUpperCase(), currentPassword: password });
      const own = await patch(user, { email: user.email.toUpperCase(), currentPassword: password });

      expect([taken.status, taken.body.code]).toEqual([409, 'user.email_taken']);
      expect([own.status, own.body.email]).toEqual([200, user.email.toUpperCase()]);
    });

    test('with a new password ends all refresh tokens, and the old password', async () => {
      const user = await service.signUp();
      const second = (await signIn(user.email, password)).body.refreshToken;

      expect((await patch(user, { password: 'a wholly new password', currentPassword: password })).status).toBe(200);

      for (const refreshToken of [user.refreshToken, second]) {
        expect((await service.call('POST', '/auth/refresh', { body: { refreshToken } })).status).toBe(401);
      }
      expect((await signIn(user.email, password)).status).toBe(401);
      const { status, body } = await signIn(user.email, 'a wholly new password');
      expect(status).toBe(200);
      expect((await service.call('POST', '/auth/refresh', { body: { refreshToken: body.refreshToken } })).status).toBe(200);
    });

    test('lets one of many with one entity tag through, and the rest are 412', async () => {
      const user = await service.signUp();

      const answers = await Promise.all(Array.from({ length: 12 }, async (_, turn) => patch(user, { name: `Name ${turn}` }, { 'If-Match': '"1"' })));

      expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 412)).toHaveLength(11);
      expect((await service.call('GET', `/users/${user.id}`, { token: user.accessToken })).body.version).toBe(2);
    });

    test('without an entity tag all get through, one after the other', async () => {
      const user = await service.signUp();

      const answers = await Promise.all(Array.from({ length: 12 }, async (_, turn) => patch(user, { name: `Name ${turn}` })));

      expect(answers.map(({ body }) => body.version).sort((a, b) => a - b)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
    });
  });

  describe('DELETE /users/{id}', () => {
    test('ends sign-in, refresh and profile, and frees the e-mail', async () => {
      const user = await service.signUp();

      const { status, text } = await service.call('DELETE', `/users/${user.id}`, { token: user.accessToken });

      expect([status, text]).toEqual([204, '']);
      expect((await signIn(user.email, password)).status).toBe(401);
      expect((await service.call('POST', '/auth/refresh', { body: { refreshToken: user.refreshToken } })).status).toBe(401);
      for (const [method, body] of [['GET'], ['PATCH', { name: 'x' }], ['DELETE']] as const) {
        const answer = await service.call(method, `/users/${user.id}`, { token: user.accessToken, body });
        expect([answer.status, answer.body.code]).toEqual([404, 'user.not_found']);
      }
      expect((await register({ email: user.email })).status).toBe(201);
    });

    test('honours If-Match', async () => {
      const user = await service.signUp();
      const remove = async (tag: string): Promise<number> =>
        (await service.call('DELETE', `/users/${user.id}`, { token: user.accessToken, headers: { 'If-Match': tag } })).status;

      expect(await remove('"7"')).toBe(412);
      expect(await remove('"1"')).toBe(204);
    });
  });

  test('tells the outbox of each change in its own transaction, in order and without credentials', async () => {
    const user = await service.signUp();
    await patch(user, { name: 'Changed' });
    await patch(user, { password: 'a wholly new password', currentPassword: 'not the right one' });
    await patch(user, { password: 'a wholly new password', currentPassword: password });
    await service.call('DELETE', `/users/${user.id}`, { token: user.accessToken });

    const rows = await writtenTo(user.id);

    expect(rows.map(({ kind, payload }) => [kind, payload['version']])).toEqual([
      ['user.registered', 1],
      ['user.updated', 2],
      ['user.updated', 3],
      ['user.deleted', 3],
    ]);
    const kept = rows.map(({ payload }) => Object.keys(payload).sort());
    expect(kept.slice(0, -1)).toEqual(Array(3).fill(['createdAt', 'email', 'id', 'name', 'role', 'timeZone', 'updatedAt', 'version']));
    expect(kept.at(-1)).toEqual(['id', 'version']);
  });

  test('the role an operator grants holds from the next token on; taken back, it and the sessions end at once', async () => {
    const roles = operator.get(RolesService);
    const user = await service.signUp();
    const read = async (token: string): Promise<number[]> => {
      const paths = ['/users', `/users/${admin.id}`, `/dashboard/${admin.id}`, `/dynamo?user_id=${admin.id}`, '/dynamo'];
      return Promise.all(paths.map(async (path) => (await service.call('GET', path, { token })).status));
    };
    expect(await roles.grantAdmin(user.id)).toMatchObject({ id: user.id, role: 'admin', version: 2 });
    expect(await roles.grantAdmin(randomUUID())).toBeNull();
    expect(await read(user.accessToken)).toEqual([403, 403, 403, 403, 403]);
    const granted = (await service.call('POST', '/auth/refresh', { body: { refreshToken: user.refreshToken } })).body;
    expect(await read(granted.accessToken)).toEqual([200, 200, 200, 404, 200]);

    expect(await roles.revokeAdmin(user.id)).toMatchObject({ role: 'user', version: 3 });

    expect(await read(granted.accessToken)).toEqual([403, 403, 403, 403, 403]);
    expect((await service.call('POST', '/auth/refresh', { body: { refreshToken: granted.refreshToken } })).status).toBe(401);
    const { body } = await signIn(user.email, user.password);
    expect(body.user).toMatchObject({ role: 'user', version: 3 });
    expect((await service.call('GET', `/users/${user.id}`, { token: granted.accessToken })).status).toBe(200);
  });

  test('an administrator who has deleted the own account reads no more', async () => {
    const user = await service.signUp();
    await operator.get(RolesService).grantAdmin(user.id);
    const { accessToken } = (await signIn(user.email, user.password)).body;
    expect((await service.call('GET', `/users/${admin.id}`, { token: accessToken })).status).toBe(200);

    await service.call('DELETE', `/users/${user.id}`, { token: accessToken });

    expect((await service.call('GET', `/users/${admin.id}`, { token: accessToken })).status).toBe(403);
    expect((await service.call('GET', '/users', { token: accessToken })).status).toBe(403);
  });
});
