import { expect } from '@jest/globals';
import type { Answer, SignedUp, TestService } from '../../support/service.js';

/** The four routes of records. */
export function recordCalls(service: TestService) {
  const create = async (user: SignedUp, body: unknown, key?: string): Promise<Answer> =>
    service.call('POST', '/dynamo', { body, token: user.accessToken, ...(key !== undefined && { headers: { 'Idempotency-Key': key } }) });
  return {
    create,
    read: async (user: SignedUp, query: string): Promise<Answer> => service.call('GET', `/dynamo${query}`, { token: user.accessToken }),
    change: async (user: SignedUp, body: unknown): Promise<Answer> => service.call('PATCH', '/dynamo', { body, token: user.accessToken }),
    remove: async (user: SignedUp, query: string): Promise<Answer> => service.call('DELETE', `/dynamo${query}`, { token: user.accessToken }),
    async userWithRecord(attributes: object = {}): Promise<SignedUp> {
      const user = await service.signUp();
      expect((await create(user, { user_id: user.id, ...attributes })).status).toBe(201);
      return user;
    },
  };
}

export type RecordCalls = ReturnType<typeof recordCalls>;
