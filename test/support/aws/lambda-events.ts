import type { Context } from 'aws-lambda';

/** A request, to be put in the shape of an event. */
export interface EventRequest {
  readonly method: string;
  readonly path: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly base64?: boolean;
  readonly stage?: string;
  readonly cookies?: readonly string[];
  readonly sourceIp?: string;
}

/** An event of an HTTP API, payload 2.0, as API Gateway sends it (account and ids made up). */
export function httpApiEvent({
  method,
  path,
  query = '',
  headers = {},
  body,
  base64 = false,
  stage = '$default',
  cookies,
  sourceIp = '203.0.113.7',
}: EventRequest): object {
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: query,
    ...(cookies && { cookies }),
    headers: { accept: '*/*', host: 'abc123.execute-api.us-east-1.amazonaws.com', 'user-agent': 'curl/8.5.0', 'x-forwarded-for': '203.0.113.7', ...headers },
    requestContext: {
      accountId: '123456789012',
      apiId: 'abc123',
      domainName: 'abc123.execute-api.us-east-1.amazonaws.com',
      domainPrefix: 'abc123',
      http: { method, path, protocol: 'HTTP/1.1', sourceIp, userAgent: 'curl/8.5.0' },
      requestId: 'JKJaXmPLvHcESHA=',
      routeKey: '$default',
      stage,
      time: '21/Nov/2026:06:00:00 +0000',
      timeEpoch: 1795240800000,
    },
    ...(body !== undefined && { body: encoded(body, base64) }),
    isBase64Encoded: base64,
  };
}

/** An event of a REST API, payload 1.0. */
export function restApiEvent({ method, path, query = '', headers = {}, body, base64 = false, stage = 'prod', cookies }: EventRequest): object {
  const own = { Accept: '*/*', Host: 'abc123.execute-api.us-east-1.amazonaws.com', 'User-Agent': 'curl/8.5.0' };
  const all = { ...own, ...headers, ...(cookies && { Cookie: cookies.join('; ') }) };
  const parameters = [...new URLSearchParams(query)];
  return {
    resource: '/{proxy+}',
    path,
    httpMethod: method,
    headers: all,
    multiValueHeaders: Object.fromEntries(Object.entries(all).map(([name, value]) => [name, [value]])),
    queryStringParameters: parameters.length === 0 ? null : Object.fromEntries(parameters),
    multiValueQueryStringParameters: parameters.length === 0 ? null : grouped(parameters),
    pathParameters: { proxy: path.slice(1) },
    stageVariables: null,
    requestContext: {
      accountId: '123456789012',
      apiId: 'abc123',
      httpMethod: method,
      identity: { sourceIp: '203.0.113.7', userAgent: 'curl/8.5.0' },
      path: `/${stage}${path}`,
      protocol: 'HTTP/1.1',
      requestId: 'c6af9ac6-7b61-11e6-9a41-93e8deadbeef',
      resourcePath: '/{proxy+}',
      stage,
    },
    body: body === undefined ? null : encoded(body, base64),
    isBase64Encoded: base64,
  };
}

/** An event of a function URL: payload 2.0 too, under the function's own domain. */
export function functionUrlEvent(request: EventRequest): object {
  const domainName = 'abcdefghijklmnopqrstuvwxyz012345.lambda-url.us-east-1.on.aws';
  const event = httpApiEvent(request) as { headers: object; requestContext: object };
  return {
    ...event,
    headers: { ...event.headers, host: domainName },
    requestContext: {
      ...event.requestContext,
      accountId: 'anonymous',
      apiId: 'abcdefghijklmnopqrstuvwxyz012345',
      domainName,
      domainPrefix: domainName.split('.')[0],
    },
  };
}

/** An event of an Application Load Balancer, which leaves queries as they were encoded and names no address but in X-Forwarded-For. */
export function albEvent({ method, path, query = '', headers = {}, body, base64 = false, cookies }: EventRequest): object {
  const parameters = rawParameters(query);
  return {
    ...albBase(method, path, body, base64),
    headers: { ...albHeaders, ...headers, ...(cookies && { cookie: cookies.join('; ') }) },
    // With several of a name, the last is passed on.
    queryStringParameters: Object.fromEntries(parameters),
  };
}

/** The same with multi-value headers enabled on the target group. */
export function albMultiValueEvent({ method, path, query = '', headers = {}, body, base64 = false, cookies }: EventRequest): object {
  const all = { ...albHeaders, ...headers, ...(cookies && { cookie: cookies.join('; ') }) };
  return {
    ...albBase(method, path, body, base64),
    multiValueHeaders: Object.fromEntries(Object.entries(all).map(([name, value]) => [name, [value]])),
    multiValueQueryStringParameters: grouped(rawParameters(query)),
  };
}

const albHeaders = { accept: '*/*', host: 'lb-1.us-east-1.elb.amazonaws.com', 'x-forwarded-for': '203.0.113.7', 'x-forwarded-proto': 'https' };

const albBase = (httpMethod: string, path: string, body: string | Buffer | undefined, base64: boolean) => ({
  requestContext: { elb: { targetGroupArn: 'arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/duet/6d0ecf831eec9f09' } },
  httpMethod,
  path,
  body: body === undefined ? '' : encoded(body, base64),
  isBase64Encoded: base64,
});

const encoded = (body: string | Buffer, base64: boolean): string => Buffer.from(body as Buffer).toString(base64 ? 'base64' : 'utf8');

/** Name and value as they stand in the query. */
const rawParameters = (query: string): [string, string][] =>
  query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => [pair.split('=', 1)[0] ?? '', pair.slice(pair.indexOf('=') + 1)]);

const grouped = (parameters: readonly (readonly [string, string])[]) =>
  Object.fromEntries(parameters.map(([name]) => [name, parameters.filter(([other]) => other === name).map(([, value]) => value)]));

/** What Lambda gives beside the event, as far as Duet reads it. */
export function invocation(awsRequestId = '8476a536-e9f4-11e8-9739-2dfe598c3fcd'): Context {
  return {
    awsRequestId,
    functionName: 'duet-test-http',
    functionVersion: '1',
    invokedFunctionArn: 'arn:aws:lambda:us-east-1:123456789012:function:duet-test-http:live',
    memoryLimitInMB: '1024',
    logGroupName: '/aws/lambda/duet-test-http',
    logStreamName: '2026/11/21/[1]abcdef',
    callbackWaitsForEmptyEventLoop: false,
    getRemainingTimeInMillis: () => 10_000,
    done: () => {},
    fail: () => {},
    succeed: () => {},
  };
}
