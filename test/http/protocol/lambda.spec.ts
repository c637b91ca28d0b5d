import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { handler as httpHandler } from '../../../src/lambda/http.js';
import { httpApiEvent, invocation, restApiEvent } from '../../support/aws/lambda-events.js';
import { startService, type SignedUp, type TestService } from '../../support/service.js';

// Real: the handler, the adapter, the whole application, PostgreSQL and DynamoDB. Made up: the events, in API Gateway's shapes.
interface Result {
  readonly statusCode: number;
  readonly headers?: Record<string, string>;
  readonly multiValueHeaders?: Record<string, string[]>;
  readonly body: string;
}

const shapes = [
  ['HTTP API v2', httpApiEvent],
  ['REST API v1', restApiEvent],
] as const;

describe('the http function', () => {
  let service: TestService;
  let user: SignedUp;
  let handler: typeof httpHandler;
  const written: string[] = [];
  const environmentBefore = { ...process.env };
  const bearer = () => ({ authorization: `Bearer ${user.accessToken}` });
  const invoke = async (event: object): Promise<Result> => (await handler(event, invocation())) as Result;

  beforeAll(async () => {
    service = await startService();
    user = await service.signUp();
    // CloudWatch reads metrics off standard output; so does this file.
    jest.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
      written.push(String(chunk));
      return true;
    });
    Object.assign(process.env, {
      AWS_LAMBDA_FUNCTION_NAME: 'duet-test-http',
      LOG_LEVEL: 'error',
      METRICS_NAMESPACE: 'duet-test',
      ...service.environment,
      JWT_SECRET: 'short',
    });
    ({ handler } = await import('../../../src/lambda/http.js'));
    process.env['DUET_TEST_JWT_SECRET'] = service.environment['JWT_SECRET'];
  });

  afterAll(async () => {
    jest.restoreAllMocks();
    process.env = environmentBefore;
    await service.stop();
  });

  test('tries again after a start that failed', async () => {
    await expect(invoke(httpApiEvent({ method: 'GET', path: '/' }))).rejects.toThrow(/JWT_SECRET must be at least 32 bytes long/);

    process.env['JWT_SECRET'] = process.env['DUET_TEST_JWT_SECRET'];
    const result = await invoke(httpApiEvent({ method: 'GET', path: '/' }));

    expect(result.statusCode).toBe(200);
    expect(JSON.parse(result.body)).toMatchObject({ name: 'duet' });
  });

  test('takes two parameters, as every runtime version accepts', () => {
    expect(handler).toHaveLength(2);
  });

  test.each(shapes)('serves a whole todo through %s', async (_, shape) => {
    const created = await invoke(
      shape({
        method: 'POST',
        path: `/users/${user.id}/todos`,
        headers: { ...bearer(), 'content-type': 'application/json' },
        body: JSON.stringify({ title: 'Grüße 🌱' }),
      }),
    );
    const todo = JSON.parse(created.body) as { id: string; title: string };
    const listed = await invoke(shape({ method: 'GET', path: `/users/${user.id}/todos`, query: 'status=open&status=in_progress&limit=1', headers: bearer() }));
    const deleted = await invoke(shape({ method: 'DELETE', path: `/todos/${todo.id}`, headers: bearer() }));

    expect(created.statusCode).toBe(201);
    expect(todo.title).toBe('Grüße 🌱');
    expect(headerOf(created, 'etag')).toBe('"1"');
    expect(headerOf(created, 'location')).toBe(`/todos/${todo.id}`);
    expect(JSON.parse(listed.body)).toMatchObject({ items: [{ id: todo.id }] });
    expect(deleted).toMatchObject({ statusCode: 204, body: '' });
  });

  test.each(shapes)('reads a base64 body through %s', async (_, shape) => {
    const result = await invoke(
      shape({
        method: 'POST',
        path: '/auth/login',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email: user.email, password: user.password }),
        base64: true,
      }),
    );

    expect(result.statusCode).toBe(200);
    expect(JSON.parse(result.body)).toMatchObject({ tokenType: 'Bearer', user: { id: user.id } });
  });

  test.each(shapes)('answers bad JSON, a large body and an unknown path with problems through %s', async (_, shape) => {
    const post = (body: string) => invoke(shape({ method: 'POST', path: '/auth/login', headers: { 'content-type': 'application/json' }, body }));
    const [malformed, large, unknown] = [await post('{'), await post(`"${'x'.repeat(102_400)}"`), await invoke(shape({ method: 'GET', path: '/nowhere' }))];

    expect(
      [malformed, large, unknown].map((result) => [result.statusCode, (JSON.parse(result.body) as { code: string }).code, headerOf(result, 'content-type')]),
    ).toEqual([
      [400, 'request.malformed', 'application/problem+json; charset=utf-8'],
      [413, 'request.too_large', 'application/problem+json; charset=utf-8'],
      [404, 'route.not_found', 'application/problem+json; charset=utf-8'],
    ]);
  });

  test('strips a named stage of an HTTP API from the path, and puts it into links', async () => {
    const result = await invoke(httpApiEvent({ method: 'GET', path: '/prod/', stage: 'prod' }));

    expect(result.statusCode).toBe(200);
    expect(JSON.parse(result.body)).toMatchObject({ links: { health: '/prod/health' } });
  });

  test("names Lambda's request id in X-Request-Id", async () => {
    const result = (await handler(httpApiEvent({ method: 'GET', path: '/health/live' }), invocation('aws-request-1'))) as Result;

    expect(headerOf(result, 'x-request-id')).toBe('aws-request-1');
  });

  test('writes one metric line a request, by route template, and counts the cold start once', async () => {
    await invoke(httpApiEvent({ method: 'GET', path: `/todos/${user.id}`, headers: bearer() }));

    const metrics = written.filter((line) => line.includes('"_aws"')).map((line) => JSON.parse(line) as Record<string, unknown>);
    // https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
    expect(metrics.at(-1)?.['_aws']).toEqual({
      Timestamp: expect.any(Number),
      CloudWatchMetrics: [
        {
          Namespace: 'duet-test',
          Dimensions: [['service', 'route']],
          Metrics: [
            { Name: 'Requests', Unit: 'Count' },
            { Name: 'Errors', Unit: 'Count' },
            { Name: 'Latency', Unit: 'Milliseconds' },
          ],
        },
      ],
    });
    expect(metrics.at(-1)).toMatchObject({ service: 'duet', route: 'GET /todos/{id}', Requests: 1, Errors: 0, Latency: expect.any(Number) });
    expect(metrics.filter((line) => 'ColdStart' in line)).toHaveLength(1);
  });

  test('refuses an event that is no request by naming what came, and lives on', async () => {
    await expect(handler({ Records: [], secret: 'hidden' }, invocation())).rejects.toThrow(/received an object with the fields Records, secret$/);

    expect((await invoke(httpApiEvent({ method: 'GET', path: '/health/live' }))).statusCode).toBe(200);
  });
});

function headerOf({ headers = {}, multiValueHeaders = {} }: Result, name: string): string | undefined {
  return headers[name] ?? multiValueHeaders[name]?.join(', ');
}
