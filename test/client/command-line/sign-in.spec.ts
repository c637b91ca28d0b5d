import { describe, expect, test } from '@jest/globals';
import { deadPort, silentPort } from '../../support/wire.js';
import { CommandLineHarness, password } from './command-line-harness.js';

// Real here: the command line in this process, its client, the service over HTTP and both stores.

const harness = new CommandLineHarness();
const { play, serve } = harness;

describe('Without a service', () => {
  test('says that none is running, and how to start one', async () => {
    const url = `http://127.0.0.1:${await deadPort()}`;

    const { code, out, err } = await play(['demo'], { url });

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
    const { code, err } = await play(['demo'], { url: await url() });

    expect(code).toBe(1);
    expect(err).toMatch(message);
  });

  test('says that what listens does not answer', async () => {
    const silent = await silentPort();
    harness.closeAfterTest(async () => silent.close());

    const { code, err } = await play(['demo'], { url: `http://127.0.0.1:${silent.port}` });

    expect(code).toBe(1);
    expect(err).toMatch(/does not answer/);
  });
});

describe('A password that is not in the environment', () => {
  const nowhere = { DUET_PASSWORD: '' };
  /** A terminal at which these lines are typed; what was asked is in `questions`. */
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
    expect(registering.questions).toEqual(['New password, of 15 characters or more:', 'The same again:']);
    expect(signingIn.questions).toEqual(['Password:']);
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

  test('that is typed differently the second time registers no user', async () => {
    const email = `ada-${crypto.randomUUID()}@example.com`;

    const { code, err } = await play(['register', '--email', email, '--name', 'Ada'], { environment: nowhere, ...typing(password, `${password}!`) });

    expect([code, err]).toEqual([2, 'The two passwords differ: no account was made. See duet --help\n']);
    expect((await harness.service.call('POST', '/auth/login', { body: { email, password } })).status).toBe(401);
  });

  test.each([[['sign-in', '--email', 'a@example.com']], [['register', '--email', 'a@example.com', '--name', 'A']]])(
    'is missed without a terminal, by %j, with what to do',
    async (args) => {
      const { code, out, err } = await play(args, { environment: nowhere });

      expect([code, out]).toEqual([2, '']);
      expect(err).toBe('The password is missing: set DUET_PASSWORD, or run this at a terminal to be asked for it. See duet --help\n');
    },
  );
});
