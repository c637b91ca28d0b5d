import { type Answer, answerOf, type CallOptions, contentOf, headersOf } from '../service.js';
import { type EventRequest, httpApiEvent } from './lambda-events.js';

/** What a function answers a request of an HTTP API with. */
export interface FunctionAnswer {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A call as an event of an HTTP API, which has the names of headers in small letters. */
export function eventOfCall(method: string, path: string, options: CallOptions = {}, more: Pick<EventRequest, 'stage'> = {}): object {
  const [pathname = '', query] = path.split('?');
  const headers = Object.fromEntries(Object.entries(headersOf(options)).map(([name, value]) => [name.toLowerCase(), value]));
  return httpApiEvent({ ...more, method, path: pathname, query, headers, body: contentOf(options) });
}

/** A function's answer as that of a call. */
export function answerOfFunction({ statusCode, headers, body = '' }: FunctionAnswer): Answer {
  return answerOf(statusCode, new Headers(headers), body);
}
