import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { runInContext } from '../../common/http/request-context.js';
import { Audit } from './audit.js';
import { describeError, Log } from './log.js';

const context = { requestId: 'the-request', traceId: 'the-trace', deadline: 0, basePath: '' };

function written(work: () => void): string {
  const texts: string[] = [];
  const collect = (text: unknown): void => void texts.push(String(text));
  for (const stream of [process.stdout, process.stderr]) {
    jest.spyOn(stream, 'write').mockImplementation((text: unknown) => (collect(text), true));
  }
  for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) {
    jest.spyOn(console, method).mockImplementation(collect);
  }
  work();
  jest.restoreAllMocks();
  return texts.join('\n');
}

afterEach(() => void jest.restoreAllMocks());

describe('An error in the log', () => {
  test('has name, message, code, constraint, stack and causes', () => {
    const cause = Object.assign(new Error('below'), { code: '23505', constraint: 'users_email' });
    const error = new RangeError('above', { cause });

    expect(describeError(error)).toEqual({
      name: 'RangeError',
      message: 'above',
      stack: expect.stringContaining('log.spec'),
      cause: { name: 'Error', message: 'below', code: '23505', constraint: 'users_email', stack: expect.any(String) },
    });
  });

  test('has none of its own fields, where drivers keep parameters and rows', () => {
    const error = Object.assign(new Error('query failed'), {
      parameters: ['person@example.com'],
      detail: 'Key (email)=(person@example.com)',
      query: 'INSERT',
      code: 7,
    });

    expect(JSON.stringify(describeError(error))).not.toMatch(/person|INSERT/);
    expect(Object.keys(describeError(error)).sort()).toEqual(['message', 'name', 'stack']);
  });

  test('ends with causes that are without end', () => {
    const error = new Error('round');
    error.cause = error;

    expect(JSON.stringify(describeError(error)).match(/"round"/g)).toHaveLength(4);
  });

  test.each(['a secret text', 7, null, undefined, { password: 'secret' }])('that is no error is logged by its type alone: %j', (thrown) => {
    expect(describeError(thrown)).toEqual({ name: 'NonError', message: typeof thrown });
  });
});

describe('A line', () => {
  const config = { log: { level: 'info' }, lambda: false } as const;

  test('is one JSON object with the ids of the request it belongs to', () => {
    const text = written(() => {
      const log = new Log(config, false);
      runInContext(context, () => log.info('hello', { status: 200 }));
    });

    expect(text.trim().split('\n')).toHaveLength(1);
    expect(JSON.parse(text)).toMatchObject({ level: 'INFO', message: 'hello', service: 'duet', requestId: 'the-request', traceId: 'the-trace', status: 200 });
  });

  test('of overlapping requests has each one’s own ids', () => {
    const log = new Log(config, false);
    const text = written(() => {
      runInContext({ ...context, requestId: 'one' }, () => log.info('first'));
      runInContext({ ...context, requestId: 'two' }, () => log.info('second'));
      log.info('outside');
    });
    const lines = text.split('\n').filter((line) => line !== '');

    expect(lines.map((line) => JSON.parse(line)).map(({ message, requestId }) => [message, requestId])).toEqual([
      ['first', 'one'],
      ['second', 'two'],
      ['outside', undefined],
    ]);
  });

  test('below the level is not written', () => {
    expect(written(() => new Log(config, false).debug('quiet'))).toBe('');
    expect(written(() => new Log(config, false).log('Nest’s own', 'InstanceLoader'))).toBe('');
    expect(written(() => new Log({ log: { level: 'error' }, lambda: false }, false).warn('quiet'))).toBe('');
    expect(written(() => new Log(config, true).debug('quiet'))).toBe('');
  });

  test('is readable at a terminal, with the stack below', () => {
    const text = written(() => new Log(config, true).error('it failed', { status: 500, error: new Error('why') }));

    expect(text).toMatch(/^\d\d:\d\d:\d\d\.\d{3} .*error.* it failed status=500\nError: why\n {4}at /);
  });

  test('at a terminal quotes what comes from outside, so that it can neither forge a field nor control the terminal', () => {
    const userAgent = 'x status=500 route=forged\u009b2J\u001b[31m\u007f\n\u202e"';
    const text = written(() => new Log(config, true).info('request', { route: 'GET /todos/{id}', status: 200, userAgent, empty: '', list: ['a b'] }));

    const [line, ...rest] = text.split('\n');
    expect(rest).toEqual(['']);
    expect(line).toMatch(
      / request route="GET \/todos\/\{id\}" status=200 userAgent="x status=500 route=forged\\u009b2J\\u001b\[31m\\u007f\\n\\u202e\\"" empty="" list=\["a b"\]$/,
    );
    expect(JSON.parse(/userAgent=("(?:[^"\\]|\\.)*")/.exec(text)?.[1] ?? '')).toBe(userAgent);
  });

  test('at a terminal shows the controls in a message or stack as text', () => {
    const text = written(() => new Log(config, true).error('it failed\u009b2J', { error: new Error('why\u001b[2J') }));

    expect(text).toContain('it failed\\u009b2J');
    expect(text).toContain('Error: why\\u001b[2J');
  });

  test('of the audit log is written on Lambda at every level', () => {
    const record = (lambda: boolean): string =>
      written(() => {
        const audit = new Audit(new Log({ log: { level: 'error' }, lambda }, false));
        runInContext(context, () => audit.record('auth.sign_in', { actor: 'anonymous', subject: 'a-user', outcome: 'failed' }));
      });

    expect(JSON.parse(record(true))).toMatchObject({
      audit: 'auth.sign_in',
      actor: 'anonymous',
      subject: 'a-user',
      outcome: 'failed',
      requestId: 'the-request',
    });
    expect(record(false)).toBe('');
  });

  test('on Lambda is JSON, terminal or not', () => {
    expect(() => JSON.parse(written(() => new Log({ log: { level: 'info' }, lambda: true }, true).info('x'))) as unknown).not.toThrow();
  });
});
