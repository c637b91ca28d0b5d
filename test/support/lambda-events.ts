import type { Context } from 'aws-lambda';

/** A request, to be put in the shape of an event. */
export interface EventRequest {
  readonly method: string;
  readonly path: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly base64?: boolean;
  readonly stage?: string;
}

/** An event of an HTTP API, payload 2.0, as API Gateway sends it (account and ids made up). */
export function httpApiEvent({ method, path, query = '', headers = {}, body, base64 = false, stage = '$default' }: EventRequest): object {
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: query,
    headers: { accept: '*/*', host: 'abc123.execute-api.us-east-1.amazonaws.com', 'user-agent': 'curl/8.5.0', 'x-forwarded-for': '203.0.113.7', ...headers },
    requestContext: {
      accountId: '123456789012',
      apiId: 'abc123',
      domainName: 'abc123.execute-api.us-east-1.amazonaws.com',
      domainPrefix: 'abc123',
      http: { method, path, protocol: 'HTTP/1.1', sourceIp: '203.0.113.7', userAgent: 'curl/8.5.0' },
      requestId: 'JKJaXmPLvHcESHA=',
      routeKey: '$default',
      stage,
      time: '21/Nov/2026:06:00:00 +0000',
      timeEpoch: 1795240800000,
    },
    ...(body !== undefined && { body: base64 ? Buffer.from(body).toString('base64') : body }),
    isBase64Encoded: base64,
  };
}

/** An event of a REST API, payload 1.0. */
export function restApiEvent({ method, path, query = '', headers = {}, body, base64 = false, stage = 'prod' }: EventRequest): object {
  const all = { Accept: '*/*', Host: 'abc123.execute-api.us-east-1.amazonaws.com', 'User-Agent': 'curl/8.5.0', ...headers };
  const parameters = [...new URLSearchParams(query)];
  return {
    resource: '/{proxy+}',
    path,
    httpMethod: method,
    headers: all,
    multiValueHeaders: Object.fromEntries(Object.entries(all).map(([name, value]) => [name, [value]])),
    queryStringParameters: parameters.length === 0 ? null : Object.fromEntries(parameters),
    multiValueQueryStringParameters:
      parameters.length === 0
        ? null
        : Object.fromEntries(parameters.map(([name]) => [name, parameters.filter(([other]) => other === name).map(([, value]) => value)])),
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
    body: body === undefined ? null : base64 ? Buffer.from(body).toString('base64') : body,
    isBase64Encoded: base64,
  };
}

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
