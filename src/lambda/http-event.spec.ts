import { describe, expect, test } from '@jest/globals';
import { assertHttpEvent, type HttpEvent, isWarmUp, readableEvent, UnknownEventError } from './http-event.js';

// Whole events of each source, through the packaged function, are in test/lambda; here is each step before the adapter.

const httpApi = (event: Partial<HttpEvent> = {}): HttpEvent => ({ version: '2.0', rawPath: '/', requestContext: { http: { method: 'GET' } }, ...event });
const restApi = (event: Partial<HttpEvent> = {}): HttpEvent => ({ version: '1.0', httpMethod: 'GET', path: '/', requestContext: {}, ...event });
const alb = (event: Partial<HttpEvent> = {}): HttpEvent => ({ httpMethod: 'GET', path: '/', requestContext: { elb: {} }, ...event });

describe('A readable event', () => {
  test('has the names of its headers in lower case, and none without a value', () => {
    expect(readableEvent(httpApi({ headers: { 'X-A': '1', 'X-B': null } })).headers).toEqual({ 'x-a': '1' });
    expect(readableEvent(restApi({ multiValueHeaders: { Accept: ['text/html', '*/*'], Cookie: null } })).multiValueHeaders).toEqual({
      accept: ['text/html', '*/*'],
    });
  });

  test('has headers, of the form that the event has', () => {
    expect(readableEvent(httpApi({ headers: null })).headers).toEqual({});
    expect(readableEvent(alb({ multiValueHeaders: {} }))).toMatchObject({ multiValueHeaders: {} });
    expect(readableEvent(alb({ multiValueHeaders: {} })).headers).toBeUndefined();
  });

  test('does not announce a body that it does not have, nor chunks', () => {
    const headers = { 'Content-Length': '7', 'Transfer-Encoding': 'chunked' };

    for (const body of ['', null, undefined]) {
      expect(readableEvent(httpApi({ ...(body !== undefined && { body }), headers })).headers).toEqual({});
    }
    expect(readableEvent(httpApi({ body: 'grün', headers })).headers).toEqual({ 'content-length': '7' });
  });

  test('of an ALB has a query that can be decoded, whatever the client wrote', () => {
    const queryStringParameters = { q: 'gr%C3%BCn', rest: '100%', '%': '1' };
    const lists = Object.fromEntries(Object.entries(queryStringParameters).map(([name, value]) => [name, [value]]));

    expect(readableEvent(alb({ queryStringParameters })).queryStringParameters).toEqual({ q: 'gr%C3%BCn', rest: '100%25', '%25': '1' });
    expect(readableEvent(alb({ multiValueQueryStringParameters: lists })).multiValueQueryStringParameters).toEqual({
      q: ['gr%C3%BCn'],
      rest: ['100%25'],
      '%25': ['1'],
    });
  });

  test('of payload 1.0 has its query in lists', () => {
    expect(readableEvent(restApi({ queryStringParameters: { q: '100 %' } })).multiValueQueryStringParameters).toEqual({ q: ['100 %'] });
    expect(
      readableEvent(restApi({ queryStringParameters: { q: '2' }, multiValueQueryStringParameters: { q: ['1', '2'] } })).multiValueQueryStringParameters,
    ).toEqual({ q: ['1', '2'] });
  });

  test('says its version where only its shape does', () => {
    const { version: _, ...event } = httpApi();

    expect(readableEvent(event).version).toBe('2.0');
  });

  test('leaves the event it is made of as it is', () => {
    const event = Object.freeze(httpApi({ headers: Object.freeze({ 'X-A': '1' }), body: 'x' }));

    readableEvent(event);

    expect(event.headers).toEqual({ 'X-A': '1' });
  });
});

describe('An event', () => {
  test.each([
    [{ Records: [{ eventSource: 'aws:sqs' }] }, 'an object with the fields Records'],
    [{ requestContext: { http: {} }, rawPath: '/' }, 'an object with the fields requestContext, rawPath'],
    [{}, 'an object with no fields'],
    [null, 'object'],
    [undefined, 'undefined'],
    ['text', 'string'],
  ])('%j that is no HTTP request is refused by saying what came', (event, received) => {
    expect(() => assertHttpEvent(event)).toThrow(UnknownEventError);
    expect(() => assertHttpEvent(event)).toThrow(`received ${received}`);
  });

  test.each([httpApi(), restApi(), alb()])('of HTTP is taken, and keeps nothing warm', (event) => {
    expect(() => assertHttpEvent(event)).not.toThrow();
    expect(isWarmUp(event)).toBe(false);
  });

  test.each([{ source: 'aws.events' }, { source: 'serverless-plugin-warmup' }, { warmer: true }])('%j keeps an environment warm', (event) => {
    expect(isWarmUp(event)).toBe(true);
  });

  test.each([null, undefined, 'aws.events', {}, { source: 'aws.s3' }, { warmer: 'true' }])('%j does not', (event) => {
    expect(isWarmUp(event)).toBe(false);
  });
});
