import { execFile } from 'node:child_process';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PassThrough } from 'node:stream';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { PasswordPrompt } from '../../client/demo/password-prompt.js';
import { type DemoWorld, runDemo } from '../../client/demo/run.js';
import { steps } from '../../client/demo/tour.js';
import { listenOnLoopback } from '../support/loopback.js';
import { startService, type TestService } from '../support/service.js';
import { deadPort, silentPort } from '../support/wire.js';

// Real here: the demo, its client, the service over HTTP and both stores; one test starts the demo as a process of its own.

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../', import.meta.url));
const password = 'correct horse battery staple';

let service: TestService;
let folder: string;
const closers: (() => Promise<void>)[] = [];
beforeAll(async () => {
  [service, folder] = await Promise.all([startService(), mkdtemp(join(tmpdir(), 'duet-demo-'))]);
});
afterEach(async () => void (await Promise.all(closers.splice(0).map(async (close) => close()))));
afterAll(async () => {
  await service?.stop();
  await rm(folder, { recursive: true });
});

interface Played {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function play(
  args: readonly string[],
  {
    url = service.url,
    terminal = false,
    environment = {},
    interruption = new AbortController().signal,
    askPassword,
  }: Partial<Pick<DemoWorld, 'terminal' | 'environment' | 'interruption' | 'askPassword'> & { url: string }> = {},
): Promise<Played> {
  let [out, err] = ['', ''];
  const code = await runDemo({
    args,
    environment: { DUET_URL: url, DUET_SESSION_FILE: join(folder, 'session.json'), DUET_PASSWORD: password, ...environment },
    terminal,
    out: (text) => void (out += text),
    err: (text) => void (err += text),
    askPassword,
    interruption,
  });
  return { code, out, err };
}

async function serve(handler: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(handler);
  const { url, stop } = await listenOnLoopback(server);
  closers.push(stop);
  return url;
}

/** The service, but for the answers that `alter` makes different; the requests that came are in `seen`. */
async function altered(alter: (request: string, body: any) => unknown): Promise<{ url: string; seen: string[] }> {
  const seen: string[] = [];
  const url = await serve((request, response) => {
    const name = `${request.method} ${request.url}`;
    seen.push(name);
    const onward = httpRequest(service.url + request.url, { method: request.method, headers: request.headers }, (reply) => {
      let text = '';
      reply.setEncoding('utf8');
      reply.on('data', (chunk) => (text += chunk));
      reply.on('end', () => {
        const { 'content-length': _, ...headers } = reply.headers;
        const body = text === '' ? undefined : alter(name, JSON.parse(text));
        response.writeHead(reply.statusCode ?? 502, headers).end(body === undefined ? undefined : JSON.stringify(body));
      });
    });
    request.pipe(onward);
  });
  return { url, seen };
}

const escapes = new RegExp(String.fromCodePoint(27));
const todoPath = /^PATCH \/todos\//;

describe('The tour', () => {
  test('plays every step as promised, and says so', async () => {
    const { code, out, err } = await play([]);

    expect([code, err]).toEqual([0, '']);
    expect(out.match(/✓/g)).toHaveLength(steps.length);
    expect(out).toMatch(new RegExp(`${steps.length} of ${steps.length} steps as promised: \\d+ requests in \\d+ ms`));
    expect(out).toMatch(/412 version\.stale/);
    expect(out).not.toMatch(escapes);
  });

  test('is one JSON document with --json', async () => {
    const { code, out } = await play(['--json', '--verbose'], { terminal: true });

    const { ok, url, steps: reports, requests } = JSON.parse(out);
    expect([code, ok, url]).toEqual([0, true, service.url]);
    expect(reports.map(({ name, outcome }: { name: string; outcome: string }) => [name, outcome])).toEqual(steps.map(({ name }) => [name, 'ok']));
    expect(requests).toBe(reports.reduce((sum: number, report: { exchanges: unknown[] }) => sum + report.exchanges.length, 0));
    expect(requests).toBeGreaterThan(25);
  });

  test('shows requests and answers with --verbose, without secrets', async () => {
    const { out } = await play(['--verbose']);

    expect(out).toMatch(/→ POST \/users\/[\da-f-]{36}\/todos {2}Idempotency-Key: /);
    expect(out).toMatch(/→ PATCH \/todos\/[\da-f-]{36} {2}If-Match: "1"/);
    expect(out).toMatch(/← 412/);
    expect(out).toMatch(/"accessToken": "…"/);
    expect(out).not.toMatch(/eyJ|demo [\da-f]{8}-/);
  });

  test('is coloured on a terminal, unless NO_COLOR says otherwise', async () => {
    expect((await play([], { terminal: true })).out).toMatch(escapes);
    expect((await play([], { terminal: true, environment: { NO_COLOR: '1' } })).out).not.toMatch(escapes);
  });

  test.each<[string, (request: string, body: any) => unknown, RegExp]>([
    ['an update that is lost', (request, body) => (todoPath.test(request) ? { ...body, title: 'Other' } : body), /the update: promised is .*Call Grace Hopper/],
    ['a list that is wrong', (request, body) => (request.includes('tag=home') ? { ...body, items: [] } : body), /tag=home: promised is/],
    ['a counter that stands still', (request, body) => (request.endsWith('/counter') ? { ...body, visitCount: 7 } : body), /the counter went 7, 7, 7/],
    ['a dashboard that miscounts', (request, body) => (body.todos ? { ...body, todos: { ...body.todos, done: 2 } } : body), /the counts: promised is/],
    ['a store that is degraded', (_, body) => (body.degraded ? { ...body, degraded: ['postgres'] } : body), /degraded/],
    ['a record that forgets', (request, body) => (request.startsWith('GET /dynamo') && body.plan ? { ...body, plan: 'free' } : body), /the record read back/],
  ])('tells of %s, ends with 1, and erases its user', async (_, alter, message) => {
    const { url, seen } = await altered(alter);

    const { code, out } = await play([], { url });

    expect(code).toBe(1);
    expect(out).toMatch(/✗/);
    expect(out).toMatch(message);
    expect(out).toMatch(/✓ 12 {2}Erase the user/);
    expect(seen.filter((request) => request.startsWith('DELETE /users/'))).toHaveLength(1);
  });

  test('tries nothing more after a step that all builds on, but erases', async () => {
    const { url } = await altered((request, body) => (request.endsWith('/todos') && body.title === 'Call Grace' ? { ...body, version: 9 } : body));

    const { code, out } = await play([], { url });

    expect(code).toBe(1);
    expect(out.match(/not tried/g)).toHaveLength(6);
    expect(out).toMatch(/✓ 12 {2}Erase the user/);
    expect(out).toMatch(/5 of 12 steps as promised/);
  });

  test('erases also a user whose registration it could not see', async () => {
    const { url, seen } = await altered((request, body) => (request === 'POST /users' ? { ...body, name: 'Nobody' } : body));

    const { code } = await play([], { url });

    expect(code).toBe(1);
    expect(seen.filter((request) => /^(POST \/auth\/login|DELETE)/.test(request))).toEqual([
      'POST /auth/login',
      expect.stringMatching(/^DELETE \/users\//),
      'POST /auth/login',
    ]);
  });

  test('that is interrupted still erases its user', async () => {
    const interruption = new AbortController();
    const { url, seen } = await altered((request, body) => {
      if (request.endsWith('/todos')) {
        interruption.abort();
      }
      return body;
    });

    const { code, out } = await play([], { url, interruption: interruption.signal });

    expect(code).toBe(1);
    expect(out).toMatch(/- {2}6 .*\n *not tried/);
    expect(seen.some((request) => request.startsWith('DELETE /users/'))).toBe(true);
  });
});

describe('A service of another version', () => {
  const version = (other: string) => async () => (await altered((request, body) => (request === 'GET /' ? { ...body, version: other } : body))).url;

  test.each([
    ['1.9.0', 11, 0],
    ['2.1.0', 1, 10],
  ])('%s is told, and fails the tour', async (other, kept, untried) => {
    const { code, out } = await play([], { url: await version(other)() });

    expect(code).toBe(1);
    expect(out).toContain(`this is Duet ${other}, and the demo was made for 1.0.0: use the demo that came with version ${other}`);
    expect(out).toContain(`${kept} of 12 steps as promised`);
    expect(out.match(/not tried/g) ?? []).toHaveLength(untried);
  });

  test('is told beside the result of a command', async () => {
    const { code, out, err } = await play(['counter', 'show'], { url: await version('2.1.0')() });

    expect(code).toBe(0);
    expect(err).toMatch(/^Careful: this is Duet 2\.1\.0/);
    expect(out).toMatch(/visitCount/);
  });
});

describe('Without a service', () => {
  test('says that none is running, and how to start one', async () => {
    const url = `http://127.0.0.1:${await deadPort()}`;

    const { code, out, err } = await play([], { url });

    expect([code, out]).toEqual([1, '']);
    expect(err).toMatch(new RegExp(`^Duet is not running at ${url}\\. Start it with npm start in another terminal, or set DUET_URL`));
  });

  test('says so in JSON with --json', async () => {
    const { code, out, err } = await play(['todos', 'list', '--json'], { url: `http://127.0.0.1:${await deadPort()}` });

    expect([code, err]).toEqual([1, '']);
    expect(JSON.parse(out)).toMatchObject({ ok: false, error: { code: 'unreachable', message: expect.stringMatching(/npm start/) } });
  });

  test.each<[string, () => Promise<string>, RegExp]>([
    ['a bad URL', async () => 'localhost:3000', /^DUET_URL is not the address of a service: "localhost:3000"/],
    ['a web page', async () => serve((_, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end('<html>')), /is not Duet.*npm start/],
    [
      'another JSON service',
      async () => serve((_, response) => response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"name":"solo"}')),
      /is not Duet/,
    ],
  ])('says what is wrong with %s', async (_, url, message) => {
    const { code, err } = await play([], { url: await url() });

    expect(code).toBe(1);
    expect(err).toMatch(message);
  });

  test('says that what listens does not answer', async () => {
    const silent = await silentPort();
    closers.push(async () => silent.close());

    const { code, err } = await play([], { url: `http://127.0.0.1:${silent.port}` });

    expect(code).toBe(1);
    expect(err).toMatch(/does not answer/);
  });
});

describe('Single commands', () => {
  const email = `ada-${crypto.randomUUID()}@example.com`;
  const data = async (...args: string[]): Promise<any> => {
    const { code, out, err } = await play([...args, '--json']);
    expect([code, err]).toEqual([0, '']);
    return JSON.parse(out);
  };

  test('work for whoever signed in, from one to the next', async () => {
    expect(await data('register', '--email', email, '--name', 'Ada')).toMatchObject({ email, name: 'Ada' });
    expect((await stat(join(folder, 'session.json'))).mode & 0o777).toBe(0o600);
    expect(await data('whoami')).toMatchObject({ email });

    const plants = await data('todos', 'add', 'Water', 'the', 'plants', '--tag', 'home', '--due', '2099-12-31');
    const other = await data('todos', 'add', '\u001B[31mRed', '--priority', 'high');
    expect(plants).toMatchObject({ title: 'Water the plants', tags: ['home'], due: '2099-12-31' });
    expect((await data('todos', 'list', '--tag', 'home')).map(({ id }: { id: string }) => id)).toEqual([plants.id]);
    expect(await data('todos', 'list', '--limit', '1')).toHaveLength(1);
    expect(await data('todos', 'edit', plants.id, '--status', 'in_progress')).toMatchObject({ status: 'in_progress', version: 2 });
    expect(await data('todos', 'done', plants.id)).toMatchObject({ status: 'done', version: 3 });
    expect(await data('todos', 'show', plants.id)).toMatchObject({ version: 3 });
    const { out } = await play(['todos', 'list']);
    expect(out).toBe(`[ ] ${other.id}  ·[31mRed  high\n[x] ${plants.id}  Water the plants  due 2099-12-31  #home\n`);
    await data('todos', 'delete', other.id);
    expect(await data('todos', 'list')).toHaveLength(1);

    expect(await data('record', 'create', 'plan=free', 'seats=3')).toMatchObject({ plan: 'free', seats: 3 });
    expect(await data('record', 'set', 'plan', 'team')).toMatchObject({ plan: 'team', seats: 3 });
    await data('record', 'delete');
    expect((await data('counter', 'count')).visitCount).toBeGreaterThan(0);
    expect((await data('dashboard')).todos).toMatchObject({ total: 1, done: 1 });
    expect((await data('status')).health.status).toBe('ok');

    await data('sign-out');
    expect(JSON.parse(await readFile(join(folder, 'session.json'), 'utf8'))).toEqual({});
    await data('sign-in', '--email', email);
    await data('erase', '--yes');
    const { code, err } = await play(['whoami']);
    expect([code, err]).toEqual([1, 'Sign in first: DUET_PASSWORD=… npm run demo -- sign-in --email you@example.com\n']);
  });

  test('tell what the service refuses', async () => {
    const { code, err } = await play(['sign-in', '--email', 'nobody@example.com']);

    expect(code).toBe(1);
    expect(err).toMatch(/^Wrong e-mail or password: .* \[auth\.invalid_credentials, request [\w-]+\]\n$/);
  });

  test.each([
    [['fly']],
    [['todos']],
    [['todos', 'fly']],
    [['todos', 'add']],
    [['--fly']],
    [['todos', 'list', '--limit', 'x']],
    [['todos', 'show', 'a', 'b']],
    [['erase']],
    [['record', 'create', 'x']],
  ])('that say nothing, as %j, end with 2 and name the help', async (args) => {
    const { code, out, err } = await play(args);

    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/npm run demo -- --help\n$/);
  });

  test('are all in the help', async () => {
    const { code, out } = await play(['--help'], { url: 'http://127.0.0.1:9' });

    expect(code).toBe(0);
    for (const word of ['todos list', 'sign-in', 'erase --yes', '--json', '--verbose', 'DUET_URL', 'NO_COLOR', 'npm run demo']) {
      expect(out).toContain(word);
    }
  });
});

describe('A password that is not in the environment', () => {
  const nowhere = { DUET_PASSWORD: '' };
  /** Somebody at the terminal who types these lines; what they were asked is in `questions`. */
  const typing = (...lines: string[]) => {
    const questions: string[] = [];
    return {
      questions,
      askPassword: async (question: string) => {
        questions.push(question);
        return lines[questions.length - 1] ?? '';
      },
    };
  };

  test('is asked for at a terminal: twice to register, once to sign in', async () => {
    const email = `ada-${crypto.randomUUID()}@example.com`;
    const registering = typing(password, password);
    const signingIn = typing(password);

    const registered = await play(['register', '--email', email, '--name', 'Ada'], { environment: nowhere, ...registering });
    const signedIn = await play(['sign-in', '--email', email], { environment: nowhere, ...signingIn });

    expect([registered.code, signedIn.code, registered.err + signedIn.err]).toEqual([0, 0, '']);
    expect(registering.questions).toEqual(['New password, of 15 characters or more: ', 'The same again: ']);
    expect(signingIn.questions).toEqual(['Password: ']);
    expect(registered.out + signedIn.out).not.toContain(password);
    await play(['erase', '--yes']);
  });

  test('is not asked for when it is given, nor for anything else', async () => {
    const { questions, askPassword } = typing();

    await play(['sign-in', '--email', 'nobody@example.com'], { askPassword });
    await play(['counter', 'show'], { environment: nowhere, askPassword });
    await play(['sign-in'], { environment: nowhere, askPassword });

    expect(questions).toEqual([]);
  });

  test('that is typed differently the second time registers nobody', async () => {
    const email = `ada-${crypto.randomUUID()}@example.com`;

    const { code, err } = await play(['register', '--email', email, '--name', 'Ada'], { environment: nowhere, ...typing(password, `${password}!`) });

    expect([code, err]).toEqual([2, 'The two passwords differ: nobody was registered. See npm run demo -- --help\n']);
    expect((await service.call('POST', '/auth/login', { body: { email, password } })).status).toBe(401);
  });

  test.each([[['sign-in', '--email', 'a@example.com']], [['register', '--email', 'a@example.com', '--name', 'A']]])(
    'is missed without a terminal, by %j, with what to do',
    async (args) => {
      const { code, out, err } = await play(args, { environment: nowhere });

      expect([code, out]).toEqual([2, '']);
      expect(err).toBe('The password is missing: set DUET_PASSWORD, or run this at a terminal to be asked for it. See npm run demo -- --help\n');
    },
  );
});

describe('The password prompt', () => {
  /** A terminal on which keys are pressed; `raw` is how it was set, one after the other. */
  const terminal = () => {
    const raw: boolean[] = [];
    const keys = Object.assign(new PassThrough(), { setRawMode: (on: boolean) => raw.push(on) });
    const shown: string[] = [];
    return { keys, raw, shown, prompt: new PasswordPrompt(keys, (text) => shown.push(text)) };
  };

  test.each([
    ['a line', 'secret\r', 'secret'],
    ['keys that take back', 'secreX\u007Ft\n', 'secret'],
    ['a line begun anew', 'wrong\u0015secret\r', 'secret'],
    ['cursor keys', 's\u001B[Decret\u001B[3~\u001BOA\r', 'secret'],
    ['letters of several bytes', 'пароль🔑x\b\r', 'пароль🔑'],
    ['nothing', '\r', ''],
  ])('reads %s, and shows none of it', async (_, pressed, expected) => {
    const { keys, raw, shown, prompt } = terminal();

    const asked = prompt.ask('Password: ');
    keys.write(pressed);

    expect(await asked).toBe(expected);
    expect(shown).toEqual(['Password: ', '\n']);
    expect(raw).toEqual([true, false]);
  });

  test('keeps for the next question what was typed ahead of it', async () => {
    const { keys, prompt } = terminal();

    keys.write('first\nsecond\n');

    expect([await prompt.ask(''), await prompt.ask('')]).toEqual(['first', 'second']);
  });

  test.each([
    ['Ctrl-C', 'sec\u0003'],
    ['Ctrl-D', '\u0004'],
  ])('is cancelled by %s, and gives the terminal back', async (_, pressed) => {
    const { keys, raw, prompt } = terminal();

    const asked = prompt.ask('');
    keys.write(pressed);

    await expect(asked).rejects.toThrow('No password was given, so nothing was done.');
    expect(raw).toEqual([true, false]);
  });
});

test('As a process, compiled as npm run demo compiles it, it plays the tour', async () => {
  await run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'client/tsconfig.demo.json'], { cwd: root });
  const demo = async (url: string): Promise<any> =>
    run(process.execPath, ['client/dist/demo.js'], { cwd: root, env: { ...process.env, DUET_URL: url } }).catch((error: unknown) => error);

  expect((await demo(service.url)).stdout).toMatch(/12 of 12 steps as promised/);
  expect(await demo(`http://127.0.0.1:${await deadPort()}`)).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(/^Duet is not running/) });
});
