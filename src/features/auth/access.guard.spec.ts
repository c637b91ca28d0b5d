import { describe, expect, it } from '@jest/globals';
import type { AccessRule, Caller } from '../../common/caller.js';
import { allows } from './access.guard.js';

describe('an access rule', () => {
  const id = '019e3a5c-7b1e-7c3a-9d52-3f8f6f0a1b2c';
  const other = '019e3a5c-7b1e-7c3a-9d52-3f8f6f0a1b2d';
  const user: Caller = { userId: id, role: 'user', timeZone: 'UTC' };
  const admin: Caller = { userId: other, role: 'admin', timeZone: 'UTC' };
  const inPath: AccessRule = { owner: { in: 'params', name: 'id' } };
  const inPathReadable: AccessRule = { ...inPath, adminMayRead: true };
  const inQuery: AccessRule = { owner: { in: 'query', name: 'user_id' }, adminMayRead: true };
  const path = (of: string, method = 'GET') => ({ method, params: { id: of }, query: {} });
  const query = (of: unknown, method = 'GET') => ({ method, params: {}, query: of === undefined ? {} : { user_id: of as string } });

  it.each([
    ['any caller when it names nobody', {}, user, path(other), true],
    ['the owner', inPath, user, path(id), true],
    ['the owner, whose id is written in capitals', inPath, user, path(id.toUpperCase()), true],
    ['nobody else', inPath, user, path(other), false],
    ['no user to read what admins may', inPathReadable, user, path(other), false],
    ['an admin to read', inPathReadable, admin, path(id), true],
    ['an admin to ask for the head', inPathReadable, admin, path(id, 'HEAD'), true],
    ['no admin to write', inPathReadable, admin, path(id, 'PATCH'), false],
    ['no admin to read where not said', inPath, admin, path(id), false],
    ['the owner in the query', inQuery, user, query(id), true],
    ['nobody else in the query', inQuery, user, query(other), false],
    ['no user without the query', inQuery, user, query(undefined), false],
    ['an admin without the query', inQuery, admin, query(undefined), true],
    ['no owner named twice', inQuery, user, query([id, id]), false],
    ['no admin to write without the query', inQuery, admin, query(undefined, 'DELETE'), false],
    ['an admin where it wants one', { adminOnly: true }, admin, path(id), true],
    ['no user where it wants an admin', { adminOnly: true }, user, path(id), false],
  ] as const)('lets %s', (_, rule: AccessRule, caller: Caller, request, allowed: boolean) => {
    expect(allows(rule, caller, request as Parameters<typeof allows>[2])).toBe(allowed);
  });
});
