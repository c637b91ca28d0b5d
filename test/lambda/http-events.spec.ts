import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseConfig } from '../../src/config/config.js';
import { albEvent, albMultiValueEvent, type EventRequest, functionUrlEvent, httpApiEvent, restApiEvent } from '../support/aws/lambda-events.js';
import type { LambdaEnvironment } from '../support/lambda-runtime/lambda-environment.js';
import { lambdaRuntimes } from '../support/lambda-runtime/lambda-runtimes.js';
import { tokenBearer } from '../support/tokens.js';
import { bodyOf, headerOf, type HttpResult, type LambdaStage, setLambdaStage } from './lambda-stage.js';

// Real: the packaged function under Lambda's own runtime client, DynamoDB and PostgreSQL. Made up: the events, in the shapes of AWS's documentation.

const shapes = [
  ['HTTP API v2', httpApiEvent],
  ['REST API v1', restApiEvent],
  ['a function URL', functionUrlEvent],
  ['an ALB', albEvent],
  ['an ALB with multi-value headers', albMultiValueEvent],
] as const;

describe.each(await lambdaRuntimes())('on $name,', (runtime) => {
  let stage: LambdaStage;
  let http: LambdaEnvironment;

  beforeAll(async () => {
    stage = await setLambdaStage(runtime);
    http = await stage.start('http');
  });

  afterAll(async () => stage?.stop());

  const signIn = () => {
    const { id, token } = tokenBearer(parseConfig(stage.variables));
    return { id, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' } };
  };

  describe.each(shapes)('a request of %s', (name, shape) => {
    const send = async (request: EventRequest): Promise<HttpResult> => http.invoke<HttpResult>(shape(request));
    const titles = async (request: Pick<EventRequest, 'path' | 'query' | 'headers'>): Promise<string[]> =>
      (bodyOf(await send({ method: 'GET', ...request })) as { items: { title: string }[] }).items.map(({ title }) => title);

    test('is answered with status, headers and body', async () => {
      const { id, headers } = signIn();

      const created = await send({ method: 'POST', path: `/users/${id}/todos`, headers, body: '{"title":"Grüße 🌱"}' });
      const path = headerOf(created, 'location') ?? '';
      const read = await send({ method: 'GET', path, headers });
      const unchanged = await send({ method: 'GET', path, headers: { ...headers, 'if-none-match': '"1"' } });
      const deleted = await send({ method: 'DELETE', path, headers });

      expect([created, read, unchanged, deleted].map(({ statusCode }) => statusCode)).toEqual([201, 200, 304, 204]);
      expect(headerOf(read, 'etag')).toBe('"1"');
      expect(bodyOf(read)).toMatchObject({ title: 'Grüße 🌱', userId: id });
      // Text stays text: a client that reads it needs nothing decoded on the way.
      expect([created, read].map(({ isBase64Encoded }) => isBase64Encoded)).toEqual([false, false]);
    });

    test('may carry its body in base64, header names in any case, and cookies', async () => {
      const { id, headers } = signIn();
      const shouted = Object.fromEntries(Object.entries(headers).map(([header, value]) => [header.toUpperCase(), value]));

      const created = await send({
        method: 'POST',
        path: `/users/${id}/todos`,
        headers: shouted,
        cookies: ['theme=dark', 'lang=de'],
        body: '{"title":"Grüße 🌱"}',
        base64: true,
      });

      expect(created.statusCode).toBe(201);
      expect(bodyOf(created)).toMatchObject({ title: 'Grüße 🌱' });
    });

    test('may have anything in its query', async () => {
      const { id, headers } = signIn();
      const path = `/users/${id}/todos`;
      await send({ method: 'POST', path, headers, body: '{"title":"Grüße & 100 % Küsse+"}' });

      expect(await titles({ path, query: 'q=gr%C3%BC%C3%9Fe+%26%20100+%25+K%C3%BCsse%2B', headers })).toHaveLength(1);
      expect(await titles({ path, query: 'q=nothing', headers })).toEqual([]);
      // No valid encoding, and no reason to fail.
      expect(await titles({ path, query: 'q=100%', headers })).toEqual([]);
    });

    // An ALB without multi-value headers passes on one of several parameters of a name, whatever the function does.
    if (name !== 'an ALB') {
      test('may repeat a parameter in its query', async () => {
        const { id, headers } = signIn();
        const path = `/users/${id}/todos`;
        for (const status of ['open', 'in_progress', 'done']) {
          await send({ method: 'POST', path, headers, body: JSON.stringify({ title: status, status }) });
        }

        expect(await titles({ path, query: 'status=open&status=done', headers })).toEqual(['done', 'open']);
      });
    }

    test('may say little: no headers, headers without a value, no address of its client, no body where one was announced', async () => {
      const bare = shape({ method: 'GET', path: '/counter' }) as Record<string, unknown> & { requestContext: Record<string, object> };
      const { sourceIp: _, ...unaddressed } = { sourceIp: undefined, ...bare.requestContext['http'] };
      const headers = { 'x-request-id': null, 'Content-Length': '7', 'transfer-encoding': 'chunked' };
      const lists = Object.fromEntries(Object.entries(headers).map(([header, value]) => [header, value === null ? null : [value]]));
      const requestContext = { ...bare.requestContext, ...(bare.requestContext['http'] && { http: unaddressed }), identity: {} };
      const events = [
        { ...bare, ...(bare['headers'] !== undefined && { headers: null }), ...(bare['multiValueHeaders'] !== undefined && { multiValueHeaders: null }) },
        { ...bare, ...(bare['headers'] !== undefined && { headers }), ...(bare['multiValueHeaders'] !== undefined && { multiValueHeaders: lists }) },
        { ...bare, requestContext },
      ];

      for (const event of events) {
        expect((await http.invoke<HttpResult>(event)).statusCode).toBe(200);
      }
    });

    test.each([
      ['/users/%E0%A4%A', 400],
      ['/users/%', 400],
      ['/%E0%A4%A/%', 404],
      ['//example.com/users', 404],
      ['/users/a?b#c', 401],
      ['/users/\u0000', 401],
      ['/../../etc/passwd', 404],
      ['/counter/', 200],
    ])('to the path %j is answered as on a laptop: %i', async (path, status) => {
      const answer = await send({ method: 'GET', path });

      expect(answer.statusCode).toBe(status);
      if (status >= 400) {
        expect(bodyOf(answer)).toMatchObject({ status, code: expect.any(String), requestId: headerOf(answer, 'x-request-id') });
      }
    });

    test('of HEAD is answered with the headers of GET and no body', async () => {
      const [get, head] = [await send({ method: 'GET', path: '/counter' }), await send({ method: 'HEAD', path: '/counter' })];

      expect([head.statusCode, head.body]).toEqual([200, '']);
      expect(headerOf(head, 'content-length')).toBe(headerOf(get, 'content-length'));
    });

    test('is named by Lambda’s request id in X-Request-Id and by it and the trace id in the log', async () => {
      const requestId = `aws-${name.replaceAll(/\W/g, '-')}`;
      const traceId = '1-5759e988-bd862e3fe1be46a994272793';
      const event = shape({ method: 'GET', path: '/health/live' });

      const answer = await http.invoke<HttpResult>(event, { requestId, traceId: `Root=${traceId};Parent=53995c3f42cd8ad8;Sampled=1` });

      expect(headerOf(answer, 'x-request-id')).toBe(requestId);
      const isOurs = (text: string) => text.includes(requestId) && text.includes('"request"');
      const line = (await http.linesUntil((lines) => lines.some(isOurs))).find(isOurs) ?? '';
      expect(JSON.parse(line)).toMatchObject({ requestId, awsRequestId: requestId, route: 'GET /health/live', status: 200 });
      expect(line).toContain(traceId);
      expect(line).not.toContain('aborted');
    });
  });

  test('a named stage of an HTTP API is no part of the path, and stands in links', async () => {
    const answer = await http.invoke<HttpResult>(httpApiEvent({ method: 'GET', path: '/prod/', stage: 'prod' }));

    expect(answer.statusCode).toBe(200);
    expect(bodyOf(answer)).toMatchObject({ links: { health: '/prod/health' } });
  });

  test('BASE_PATH is no part of the path either, whatever brings the event', async () => {
    const mapped = await stage.start('http', { BASE_PATH: '/todo-service' });

    for (const [, shape] of shapes) {
      const answer = await mapped.invoke<HttpResult>(shape({ method: 'GET', path: '/todo-service/' }));

      expect(answer.statusCode).toBe(200);
      expect(bodyOf(answer)).toMatchObject({ links: { health: '/todo-service/health' } });
    }
  });

  test('a ping of a schedule, serverless-plugin-warmup or lambda-warmer makes an environment ready, and is no request', async () => {
    const pings = [
      { source: 'aws.events', 'detail-type': 'Scheduled Event', detail: {} },
      { source: 'serverless-plugin-warmup' },
      { warmer: true, concurrency: 1 },
    ];
    // A ping assembles the application: a start that cannot work fails it.
    const [fresh, broken] = await Promise.all([stage.start('http'), stage.start('http', { JWT_SECRET: 'short' })]);

    for (const ping of pings) {
      expect(await fresh.invoke(ping)).toBeNull();
      expect((await broken.outcomeOf(ping)).error).toMatchObject({ errorMessage: expect.stringContaining('JWT_SECRET') });
    }

    await fresh.invoke(httpApiEvent({ method: 'GET', path: '/health/live' }));
    const lines = await fresh.linesUntil((some) => some.some((line) => line.includes('"request"')));
    expect(lines.filter((line) => line.includes('"request"'))).toHaveLength(1);
  });

  test.each([
    ['a stream’s records', { Records: [{ eventSource: 'aws:dynamodb', secret: 'hidden' }] }, 'an object with the fields Records'],
    ['an event of another bus', { source: 'aws.s3', detail: { secret: 'hidden' } }, 'an object with the fields source, detail'],
    ['a warmer that is none', { warmer: 'hidden' }, 'an object with the fields warmer'],
    ['nothing', null, 'object'],
    ['a text', 'hidden', 'string'],
  ])('%s is refused by saying what came, and the environment lives on', async (_, event, received) => {
    const { error } = await http.outcomeOf(event);

    expect(error).toMatchObject({ errorType: 'UnknownEventError', errorMessage: expect.stringContaining(received) });
    expect(JSON.stringify(error)).not.toContain('hidden');
    expect((await http.invoke<HttpResult>(httpApiEvent({ method: 'GET', path: '/health/live' }))).statusCode).toBe(200);
  });
});
