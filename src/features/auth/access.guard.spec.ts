import { describe, expect, test } from '@jest/globals';
import type { AccessRule, Caller } from '../../common/http/caller.js';
import { type Access, accessOf } from './access.guard.js';

describe('an access rule', () => {
  const id = '019e3a5c-7b1e-7c3a-9d52-3f8f6f0a1b2c';
  const other = '019e3a5c-7b1e-7c3a-9d52-3f8f6f0a1b2d';
  const user: Caller = { userId: id, role: 'user', timeZone: 'UTC', authenticatedAt: 0, sessionId: null };
  const admin: Caller = { userId: other, role: 'admin', timeZone: 'UTC', authenticatedAt: 0, sessionId: null };
  const inPath: AccessRule = { owner: { in: 'params', name: 'id' } };
  const inPathReadable: AccessRule = { ...inPath, adminMayRead: true };
  const inQuery: AccessRule = { owner: { in: 'query', name: 'user_id' }, adminMayRead: true };
  const path = (of: string, method = 'GET') => ({ method, params: { id: of }, query: {} });
  const query = (of: unknown, method = 'GET') => ({ method, params: {}, query: of === undefined ? {} : { user_id: of as string } });

  test.each([
    ['any caller when it names no user', {}, user, path(other), 'granted'],
    ['the owner', inPath, user, path(id), 'granted'],
    ['the owner, whose id is written in capitals', inPath, user, path(id.toUpperCase()), 'granted'],
    ['no one else', inPath, user, path(other), 'denied'],
    ['no user to read what admins may', inPathReadable, user, path(other), 'denied'],
    ['an admin to read', inPathReadable, admin, path(id), 'as_admin'],
    ['an admin to ask for the head', inPathReadable, admin, path(id, 'HEAD'), 'as_admin'],
    ['no admin to write', inPathReadable, admin, path(id, 'PATCH'), 'denied'],
    ['no admin to read where not said', inPath, admin, path(id), 'denied'],
    ['the owner in the query', inQuery, user, query(id), 'granted'],
    ['no one else in the query', inQuery, user, query(other), 'denied'],
    ['no user without the query', inQuery, user, query(undefined), 'denied'],
    ['an admin without the query', inQuery, admin, query(undefined), 'as_admin'],
    ['no owner named twice', inQuery, user, query([id, id]), 'denied'],
    ['no admin to write without the query', inQuery, admin, query(undefined, 'DELETE'), 'denied'],
    ['an admin where it wants one', { adminOnly: true }, admin, path(id), 'as_admin'],
    ['no user where it wants an admin', { adminOnly: true }, user, path(id), 'denied'],
  ] as const)('lets %s', (_, rule: AccessRule, caller: Caller, request, access: Access) => {
    expect(accessOf(rule, caller, request as Parameters<typeof accessOf>[2])).toBe(access);
  });
});
