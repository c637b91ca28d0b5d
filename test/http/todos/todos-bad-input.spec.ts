import { randomUUID } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { expectProblem } from '../../support/problems.js';
import { type Answer, startService, type TestService } from '../../support/service.js';
import { type TokenBearer, tokenBearer } from '../../support/tokens.js';
import { sendRaw } from '../../support/wire.js';

// Real here: the service over HTTP and DynamoDB. What no HTTP client would send is written to the socket.

let service: TestService;
let user: TokenBearer;
let todo: Record<string, any>;
beforeAll(async () => {
  service = await startService();
  user = tokenBearer(service.config);
  todo = (await service.call('POST', `/users/${user.id}/todos`, { token: user.token, body: { title: 'Stays as it is', tags: ['a'] } })).body;
});
afterAll(async () => service?.stop());

const stored = async (): Promise<string> => (await service.call('GET', `/users/${user.id}/todos?limit=100`, { token: user.token })).text;

type Raw = Pick<Answer, 'status' | 'headers' | 'text'>;
const target = { POST: () => `/users/${user.id}/todos`, PUT: () => `/todos/${todo['id']}`, PATCH: () => `/todos/${todo['id']}` } as const;
const methods = ['POST', 'PUT', 'PATCH'] as const;

/** Sends the bytes as they are, with a Content-Length and only the headers that are given. */
async function send(
  method: keyof typeof target,
  body: string | Buffer,
  headers: Record<string, string> = { 'Content-Type': 'application/json' },
): Promise<Raw> {
  const all = { Host: 'duet', Connection: 'close', Authorization: `Bearer ${user.token}`, 'Content-Length': String(Buffer.byteLength(body)), ...headers };
  const head = [`${method} ${target[method]()} HTTP/1.1`, ...Object.entries(all).map(([name, value]) => `${name}: ${value}`)].join('\r\n');
  return sendRaw(service.url, `${head}\r\n\r\n`, body);
}

/** Holds that the body is refused in this way on each writing route, and that nothing has changed. */
async function expectRefused(
  body: string | Buffer,
  status: number,
  code: string,
  pointers?: readonly string[],
  headers?: Record<string, string>,
): Promise<void> {
  const before = await stored();
  for (const method of methods) {
    expectProblem(await send(method, body, headers), status, code, pointers);
  }
  expect(await stored()).toBe(before);
}

describe('A body that is not JSON', () => {
  test.each([
    ['text', 'title=x'],
    ['cut off', '{"title":"x"'],
    ['with a comma too many', '{"title":"x",}'],
    ['in single quotes', "{'title':'x'}"],
    ['NaN', '{"title":NaN}'],
    ['two values', '{"title":"x"} {}'],
    ['a bare control character in a text', '{"title":"a\u0001b"}'],
    ['white space alone', '   '],
    ['not in UTF-8', Buffer.from('{"title":"caf\u00e9"}', 'latin1')],
    ['in UTF-16', Buffer.from('{"title":"x"}', 'utf16le')],
  ])('(%s) is refused as malformed', async (_, body) => {
    await expectRefused(body, 400, 'request.malformed');
  });
});

describe('A body that is JSON, but no object', () => {
  test.each(['null', '[]', '[{"title":"x"}]', '"title"', '7', 'true'])('(%s) is refused', async (body) => {
    await expectRefused(body, 400, 'request.invalid', ['']);
  });

  test('that is missing is refused', async () => {
    await expectRefused('', 400, 'request.invalid', ['']);
    await expectRefused('', 400, 'request.invalid', [''], {});
  });
});

describe('A field', () => {
  const long = (length: number, of = 'x'): string => of.repeat(length);

  test.each<[string, unknown, string[]]>([
    ['title: empty', { title: '' }, ['/title']],
    ['title: blank', { title: ' \t\n\u00a0' }, ['/title']],
    ['title: a number', { title: 7 }, ['/title']],
    ['title: a list', { title: ['x'] }, ['/title']],
    ['title: an object', { title: { $ne: null } }, ['/title']],
    ['title: 201 letters', { title: long(201) }, ['/title']],
    ['title: 201 emoji', { title: long(201, '😀') }, ['/title']],
    ['description: 10,001 letters', { title: 'x', description: long(10_001) }, ['/description']],
    ['description: a number', { title: 'x', description: 1 }, ['/description']],
    ['status: unknown', { title: 'x', status: 'closed' }, ['/status']],
    ['status: in capitals', { title: 'x', status: 'DONE' }, ['/status']],
    ['priority: unknown', { title: 'x', priority: 'urgent' }, ['/priority']],
    ['priority: a number', { title: 'x', priority: 1 }, ['/priority']],
    ['due: words', { title: 'x', due: 'tomorrow' }, ['/due']],
    ['due: empty', { title: 'x', due: '' }, ['/due']],
    ['due: a day that does not exist', { title: 'x', due: '2030-02-30' }, ['/due']],
    ['due: a leap day of a common year', { title: 'x', due: '2030-02-29' }, ['/due']],
    ['due: an instant on a day that does not exist', { title: 'x', due: '2030-02-30T10:00:00Z' }, ['/due']],
    ['due: without an offset', { title: 'x', due: '2030-01-01T10:00:00' }, ['/due']],
    ['due: without seconds', { title: 'x', due: '2030-01-01T10:00Z' }, ['/due']],
    ['due: at 24:00', { title: 'x', due: '2030-01-01T24:00:00Z' }, ['/due']],
    ['due: a leap second', { title: 'x', due: '2030-01-01T23:59:60Z' }, ['/due']],
    ['due: a year of five digits', { title: 'x', due: '+12030-01-01T10:00:00Z' }, ['/due']],
    ['due: in the year 10000 in UTC', { title: 'x', due: '9999-12-31T23:59:59-01:00' }, ['/due']],
    ['due: before the year 0 in UTC', { title: 'x', due: '0000-01-01T00:00:00+01:00' }, ['/due']],
    ['due: a number', { title: 'x', due: 1_900_000_000 }, ['/due']],
    ['due: a short date', { title: 'x', due: '2030-1-1' }, ['/due']],
    ['tags: a text', { title: 'x', tags: 'home' }, ['/tags']],
    ['tags: 21', { title: 'x', tags: Array.from({ length: 21 }, (_, turn) => `t${turn}`) }, ['/tags']],
    ['tags: an empty one', { title: 'x', tags: ['a', ''] }, ['/tags/1']],
    ['tags: one of 51 letters', { title: 'x', tags: [long(51)] }, ['/tags/0']],
    ['tags: null in it', { title: 'x', tags: [null] }, ['/tags/0']],
    ['checklist: an object', { title: 'x', checklist: { title: 'a' } }, ['/checklist']],
    ['checklist: 51', { title: 'x', checklist: Array.from({ length: 51 }, () => ({ title: 'a' })) }, ['/checklist']],
    ['checklist: texts', { title: 'x', checklist: ['a'] }, ['/checklist/0']],
    ['checklist: without a title', { title: 'x', checklist: [{ done: true }] }, ['/checklist/0/title']],
    ['checklist: an empty title', { title: 'x', checklist: [{ title: 'a' }, { title: '' }] }, ['/checklist/1/title']],
    ['checklist: a title of 201 emoji', { title: 'x', checklist: [{ title: long(201, '😀') }] }, ['/checklist/0/title']],
    ['checklist: done as text', { title: 'x', checklist: [{ title: 'a', done: 'true' }] }, ['/checklist/0/done']],
    ['checklist: an unknown field', { title: 'x', checklist: [{ title: 'a', note: 'b' }] }, ['/checklist/0/note']],
    ['an unknown one', { title: 'x', colour: 'red' }, ['/colour']],
    ['an unknown one that a pointer has to escape', { title: 'x', 'a/b~c': 1 }, ['/a~1b~0c']],
    ['id', { title: 'x', id: randomUUID() }, ['/id']],
    ['userId', { title: 'x', userId: randomUUID() }, ['/userId']],
    ['constructor', { title: 'x', constructor: { prototype: { admin: true } } }, ['/constructor']],
    ['prototype and toString', { title: 'x', prototype: 1, toString: 2 }, ['/prototype', '/toString']],
    ['several wrong at once', { title: '', status: 'x', extra: 1, tags: [''] }, ['/title', '/status', '/extra', '/tags/0']],
  ])('%s: is refused, and pointed at', async (_, body, pointers) => {
    await expectRefused(JSON.stringify(body), 400, 'request.invalid', pointers);
  });

  test('is never taken from a prototype', async () => {
    const polluted = '{"title":"x","__proto__":{"status":"done","admin":true}}';
    await expectRefused(polluted, 400, 'request.invalid', ['/__proto__']);
    await expectRefused('{"title":"x","checklist":[{"title":"a","__proto__":{"done":true}}]}', 400, 'request.invalid', ['/checklist/0/__proto__']);
    await expectRefused('{"__proto__":{"title":"x"}}', 400, 'request.invalid', ['/__proto__']);
    expect(({} as Record<string, unknown>)['admin']).toBeUndefined();
  });

  test.each([
    ['NUL', String.raw`{"title":"a\u0000b"}`, '/title'],
    ['NUL in a tag', String.raw`{"title":"x","tags":["ok","\u0000"]}`, '/tags/1'],
    ['the first half of a surrogate pair', String.raw`{"title":"a\ud800b"}`, '/title'],
    ['the second half of a surrogate pair', String.raw`{"title":"x","description":"\uDC00"}`, '/description'],
    ['the halves in the wrong order', String.raw`{"title":"\ude00\ud83d"}`, '/title'],
    ['half a pair in a step', String.raw`{"title":"x","checklist":[{"title":"\ud83d"}]}`, '/checklist/0/title'],
  ])('with %s is refused', async (_, body, pointer) => {
    await expectRefused(body, 400, 'request.invalid', [pointer]);
  });

  test('named with NUL or half a surrogate pair is refused, and the answer is valid text', async () => {
    for (const body of [String.raw`{"title":"x","a\u0000b":1}`, String.raw`{"title":"x","\ud800":1}`]) {
      await expectRefused(body, 400, 'request.invalid', ['']);
    }
  });

  test('escaped as a whole surrogate pair is an emoji', async () => {
    const other = tokenBearer(service.config);
    const { status, body } = await service.call('POST', `/users/${other.id}/todos`, { token: other.token, body: String.raw`{"title":"\ud83d\ude00"}` });
    expect([status, body.title]).toEqual([201, '😀']);
  });
});

describe('Nesting', () => {
  test.each([33, 1_000, 50_000])('%i levels deep is refused', async (depth) => {
    const body = `{"title":"x","extra":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
    const before = await stored();
    for (const method of methods) {
      const answer = await send(method, body);
      expectProblem(answer, 400, 'request.invalid');
    }
    expect(await stored()).toBe(before);
  });
});

describe('Length', () => {
  /** A valid body of so many bytes. */
  const bodyOf = (bytes: number): string => {
    const body = '{"title":"x"}';
    return `${body}${' '.repeat(bytes - body.length)}`;
  };

  test('of 102,400 bytes is taken', async () => {
    const other = tokenBearer(service.config);
    const { status } = await service.call('POST', `/users/${other.id}/todos`, { token: other.token, body: bodyOf(102_400) });
    expect(status).toBe(201);
  });

  test.each([102_401, 103_424, 3_000_000])('of %i bytes is refused with 413', async (bytes) => {
    await expectRefused(bodyOf(bytes), 413, 'request.too_large');
  });

  test('is counted after decompression', async () => {
    const gzip = { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' };
    await expectRefused(gzipSync(bodyOf(102_401)), 413, 'request.too_large', undefined, gzip);
    await expectRefused(gzipSync(bodyOf(20_000_000)), 413, 'request.too_large', undefined, gzip);
  });

  test('is counted where no Content-Length says it beforehand', async () => {
    const head = `POST ${target.POST()} HTTP/1.1\r\nHost: duet\r\nConnection: close\r\nAuthorization: Bearer ${user.token}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
    const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;

    const before = await stored();
    expectProblem(await sendRaw(service.url, head, chunk(bodyOf(60_000)), chunk(' '.repeat(60_000)), '0\r\n\r\n'), 413, 'request.too_large');
    expectProblem(await sendRaw(service.url, head, chunk('{"title":'), '0\r\n\r\n'), 400, 'request.malformed');
    expect(await stored()).toBe(before);
  });
});

describe('A body without JSON', () => {
  // The parser reads all of these as {}, which is a patch that changes nothing.
  test('is refused by a PATCH, be it a byte order mark, an empty chunked body or nothing compressed', async () => {
    const json = { 'Content-Type': 'application/json' };
    expectProblem(await send('PATCH', '\uFEFF', json), 400, 'request.malformed');
    expectProblem(await send('PATCH', gzipSync(''), { ...json, 'Content-Encoding': 'gzip' }), 400, 'request.invalid', ['']);
    const head = `PATCH ${target.PATCH()} HTTP/1.1\r\nHost: duet\r\nConnection: close\r\nAuthorization: Bearer ${user.token}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`;
    expectProblem(await sendRaw(service.url, head, '0\r\n\r\n'), 400, 'request.invalid', ['']);
  });
});

describe('Media type', () => {
  test.each([
    ['none', {}],
    ['text/plain', { 'Content-Type': 'text/plain' }],
    ['a form', { 'Content-Type': 'application/x-www-form-urlencoded' }],
    ['another JSON', { 'Content-Type': 'application/vnd.api+json' }],
    ['JSON as a parameter', { 'Content-Type': 'text/plain; x=application/json' }],
    ['Latin 1', { 'Content-Type': 'application/json; charset=iso-8859-1' }],
    ['UTF-16', { 'Content-Type': 'application/json; charset=utf-16' }],
    ['an unknown charset', { 'Content-Type': 'application/json; charset=klingon' }],
    ['an unknown encoding', { 'Content-Type': 'application/json', 'Content-Encoding': 'lzma' }],
  ])('%s is 415', async (_, headers) => {
    await expectRefused('{"title":"x"}', 415, 'request.unsupported_media_type', undefined, headers);
  });

  test('of a merge patch is for PATCH alone', async () => {
    for (const method of ['POST', 'PUT'] as const) {
      expectProblem(await send(method, '{"title":"x"}', { 'Content-Type': 'application/merge-patch+json' }), 415, 'request.unsupported_media_type');
    }
  });

  test.each(['application/json;charset=utf-8', 'application/json; charset="UTF-8"', 'APPLICATION/JSON'])('%s is taken', async (type) => {
    const other = tokenBearer(service.config);
    const answer = await service.call('POST', `/users/${other.id}/todos`, { token: other.token, body: { title: 'x' }, headers: { 'Content-Type': type } });
    expect(answer.status).toBe(201);
  });

  test.each(['gzip', 'GZIP'])('with the encoding %s is taken', async (encoding) => {
    const other = tokenBearer(service.config);
    const response = await fetch(`${service.url}/users/${other.id}/todos`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${other.token}`, 'Content-Type': 'application/json', 'Content-Encoding': encoding },
      body: gzipSync('{"title":"zipped"}'),
    });
    expect([response.status, ((await response.json()) as { title: string }).title]).toEqual([201, 'zipped']);
  });

  test('with an encoding that it is not in is malformed', async () => {
    await expectRefused('{"title":"x"}', 400, 'request.malformed', undefined, { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' });
    await expectRefused(gzipSync('{"title":"x"}').subarray(0, 20), 400, 'request.malformed', undefined, {
      'Content-Type': 'application/json',
      'Content-Encoding': 'gzip',
    });
  });
});

describe('An id', () => {
  test.each(['7', 'not-an-id', '019e3a5c-7b1e-7c3a-9d52', `${randomUUID()}x`, '00000000-0000-0000-0000-00000000000g', '..%2f..', '%00', '💥'])(
    '"%s" in the path is refused, and the answer names the parameter',
    async (id) => {
      for (const [method, body] of [['GET'], ['PUT', { title: 'x' }], ['PATCH', { title: 'x' }], ['DELETE']] as const) {
        expectProblem(await service.call(method, `/todos/${id}`, { token: user.token, body }), 400, 'request.invalid', ['/id']);
      }
    },
  );

  test('in capitals is the same id', async () => {
    expect((await service.call('GET', `/todos/${String(todo['id']).toUpperCase()}`, { token: user.token })).status).toBe(200);
  });
});

describe('What is wrong first counts first', () => {
  test('a body is not read before the token is checked, nor without a route', async () => {
    const answer = await service.call('POST', `/users/${user.id}/todos`, { body: 'not json' });
    expectProblem(answer, 401, 'auth.token_missing');
    expectProblem(await service.call('POST', '/nowhere', { body: 'not json' }), 404, 'route.not_found');
    expectProblem(await service.call('POST', `/users/${randomUUID()}/todos`, { token: user.token, body: 'not json' }), 403, 'access.denied');
  });

  test('a client that ends in the middle of its body does no harm', async () => {
    const before = await stored();
    const { status } = await sendRaw(
      service.url,
      `POST ${target.POST()} HTTP/1.1\r\nHost: duet\r\nAuthorization: Bearer ${user.token}\r\nContent-Type: application/json\r\nContent-Length: 5\r\nConnection: close\r\n\r\n{"t"}extra`,
    );
    expect(status).toBe(400);
    expect(await stored()).toBe(before);
  });
});
