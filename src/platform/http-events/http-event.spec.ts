import { describe, expect, test } from '@jest/globals';
import { EventResponse } from './event-response.js';
import { type HttpEvent, requestOf, resultOf } from './http-event.js';

// The four sources' whole events, through the packaged function, are in test/lambda; here is what is hard to tell from outside.

const context = { awsRequestId: 'aws-1' };
const read = (event: HttpEvent) => requestOf(event, context, 'Root=1-2');
const httpApi = (event: Partial<HttpEvent> = {}): HttpEvent => ({ version: '2.0', rawPath: '/', requestContext: { http: { method: 'GET' } }, ...event });
const restApi = (event: Partial<HttpEvent> = {}): HttpEvent => ({ version: '1.0', httpMethod: 'GET', path: '/', requestContext: {}, ...event });
const alb = (event: Partial<HttpEvent> = {}): HttpEvent => ({ httpMethod: 'GET', path: '/', requestContext: { elb: {} }, ...event });

describe('A request', () => {
  test('has the method, path, query and address of payload 2.0', () => {
    const request = read(
      httpApi({
        rawPath: '/todos/a%20b',
        rawQueryString: 'q=%C3%A4&tag=1&tag=2',
        requestContext: { http: { method: 'PUT', sourceIp: '192.0.2.1' }, stage: 'prod' },
      }),
    );

    expect(request).toMatchObject({ method: 'PUT', url: '/todos/a%20b?q=%C3%A4&tag=1&tag=2', path: '/todos/a%20b', ip: '192.0.2.1' });
    expect({ ...request.query }).toEqual({ q: 'ä', tag: ['1', '2'] });
    expect(request.invocation).toEqual({ awsRequestId: 'aws-1', traceHeader: 'Root=1-2', stage: 'prod' });
  });

  test('has those of payload 1.0, whose query comes decoded and whose path has no stage', () => {
    const request = read(
      restApi({
        path: '/mapped/users',
        pathParameters: { proxy: 'users' },
        queryStringParameters: { q: 'last' },
        multiValueQueryStringParameters: { q: ['a&b=c', '100 %'] },
        requestContext: { identity: { sourceIp: '192.0.2.2' }, stage: 'prod' },
      }),
    );

    expect(request).toMatchObject({ method: 'GET', path: '/users', ip: '192.0.2.2' });
    expect({ ...request.query }).toEqual({ q: ['a&b=c', '100 %'] });
    expect(request.invocation.stage).toBeUndefined();
  });

  test('has those of an ALB, whose query comes as the client wrote it, whether or not it can be decoded', () => {
    const request = read(alb({ path: '/users', queryStringParameters: { q: 'gr%C3%BCn+%26', rest: '100%' } }));

    expect(request.url).toBe('/users?q=gr%C3%BCn+%26&rest=100%');
    expect({ ...request.query }).toEqual({ q: 'grün &', rest: '100%' });
  });

  test('does not believe X-Forwarded-For', () => {
    expect(read(alb({ headers: { 'x-forwarded-for': '192.0.2.3' } })).ip).toBeUndefined();
  });

  test('does not end its path where a decoded mark stands in it', () => {
    expect(read(restApi({ path: '/users/a?b#c' }))).toMatchObject({ path: '/users/a%3Fb%23c', url: '/users/a%3Fb%23c' });
  });

  test('has the names of its headers in lower case, and several of one as one', () => {
    const event = restApi({ headers: { Accept: 'last' }, multiValueHeaders: { Accept: ['text/html', '*/*'], Cookie: ['a=1', 'b=2'] } });

    expect(read(event).headers).toEqual({ accept: 'text/html,*/*', cookie: 'a=1; b=2' });
    expect(read(httpApi({ headers: { 'X-A': '1' }, cookies: ['a=1', 'b=2'] })).headers).toEqual({ 'x-a': '1', cookie: 'a=1; b=2' });
    expect(read(httpApi({ headers: null })).headers).toEqual({});
  });

  test('has the length of the body that came, whatever its headers say', () => {
    const bytes = Buffer.from('grün');

    expect(read(httpApi({ body: 'grün', headers: { 'content-length': '99' } }))).toMatchObject({ body: bytes, headers: { 'content-length': '5' } });
    expect(read(httpApi({ body: bytes.toString('base64'), isBase64Encoded: true }))).toMatchObject({ body: bytes, headers: { 'content-length': '5' } });
    for (const body of ['', null, undefined]) {
      const request = read(alb({ ...(body !== undefined && { body }), headers: { 'content-length': '7', 'transfer-encoding': 'chunked' } }));
      expect(request.body).toBeUndefined();
      expect(request.headers).toEqual({});
    }
  });
});

describe('A result', () => {
  const answered = (body?: string | Uint8Array) => {
    const response = new EventResponse(false).setHeader('ETag', '"1"').setHeader('Set-Cookie', ['a=1', 'b=2']);
    response.statusCode = 201;
    return response.end(body);
  };

  test('of payload 2.0 has its cookies apart', () => {
    expect(resultOf(httpApi(), answered('{}'))).toEqual({
      statusCode: 201,
      headers: { etag: '"1"' },
      cookies: ['a=1', 'b=2'],
      body: '{}',
      isBase64Encoded: false,
    });
  });

  test('of payload 1.0 has lists of headers', () => {
    expect(resultOf(restApi({ headers: {} }), answered('{}'))).toMatchObject({ multiValueHeaders: { etag: ['"1"'], 'set-cookie': ['a=1', 'b=2'] } });
  });

  test('of an ALB has headers in the form that the event has', () => {
    expect(resultOf(alb({ headers: {} }), answered())).toMatchObject({ headers: { etag: '"1"', 'set-cookie': 'a=1' }, body: '' });
    expect(resultOf(alb({ multiValueHeaders: {} }), answered())).toMatchObject({ multiValueHeaders: { etag: ['"1"'], 'set-cookie': ['a=1', 'b=2'] } });
  });

  test('has bytes in base64', () => {
    expect(resultOf(httpApi(), answered(new Uint8Array([255, 0])))).toMatchObject({ body: '/wA=', isBase64Encoded: true });
  });

  test('to HEAD has no body, and its headers', () => {
    const response = new EventResponse(true).setHeader('Content-Length', 2).end('{}');

    expect(resultOf(httpApi(), response)).toMatchObject({ body: '', headers: { 'content-length': '2' } });
  });

  test('is what was answered first', () => {
    expect(resultOf(httpApi(), answered('first').end('second')).body).toBe('first');
  });
});
