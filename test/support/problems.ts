import { expect } from '@jest/globals';
import type { Answer } from './service.js';

/** Holds an answer to the whole of a problem (RFC 9457): every member, the media type and the request's id. With `pointers`, exactly those errors. */
export function expectProblem(answer: Pick<Answer, 'status' | 'headers' | 'text'>, status: number, code: string, pointers?: readonly string[]): void {
  const { errors, ...body } = JSON.parse(answer.text) as { errors?: { pointer: string; detail: string }[] };
  expect({ status: answer.status, mediaType: answer.headers.get('Content-Type')?.split(';')[0], ...body }).toEqual({
    mediaType: 'application/problem+json',
    type: `urn:duet:problem:${code}`,
    title: expect.stringMatching(/\S/),
    status,
    detail: expect.stringMatching(/\S/),
    code,
    requestId: answer.headers.get('X-Request-Id'),
  });
  expect(answer.headers.get('X-Request-Id')).toMatch(/^[\w.:-]{1,128}$/);
  if (pointers === undefined) {
    return;
  }
  expect((errors ?? []).map(({ pointer }) => pointer).sort()).toEqual([...pointers].sort());
  expect(errors ?? []).toEqual(pointers.map(() => ({ pointer: expect.any(String), detail: expect.stringMatching(/\S/) })));
}
