import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { AcceptsMergePatch } from '../../common/http/body.interceptor.js';
import { AdminOnly, type Caller, CurrentCaller, OwnedBy, Public } from '../../common/http/caller.js';
import { Entity } from '../../common/resources/entity.interceptor.js';
import { IfMatch, type VersionCondition } from '../../common/resources/etag.js';
import { userIdSchema } from '../../common/ids.js';
import { bodyProblems, Operation, storeProblems } from '../../common/http/openapi.js';
import { Client, type LimitedClient } from '../../platform/rate-limits/client.js';
import { Limited } from '../credentials/limited.js';
import type { User } from './user.js';
import {
  type Registration,
  registrationSchema,
  type UserList,
  type UserListQuery,
  userListQuerySchema,
  userListSchema,
  type UserPatch,
  userPatchSchema,
  userSchema,
} from './users.schemas.js';
import { UsersService } from './users.service.js';

/** `/users` */
@ApiTags('Users')
@Controller('users')
export class UsersController {
  constructor(private readonly users: UsersService) {}

  @Post()
  @Public()
  @Limited('registration')
  @Entity(({ id }) => `/users/${String(id)}`)
  @Operation({
    id: 'registerUser',
    summary: 'Register',
    description: 'Makes an account. An e-mail has one account, in whatever case it is written; signing in is a request of its own.',
    auth: false,
    success: { status: 201, description: 'The user.', schema: userSchema, headers: ['Location', 'ETag'] },
    quota: 'always',
    problems: [...bodyProblems, 'user.email_taken', 'rate_limit.exceeded', ...storeProblems],
  })
  async register(@Body({ schema: registrationSchema }) registration: Registration, @Client() client: LimitedClient): Promise<User> {
    return this.users.register(registration, client);
  }

  @Get()
  @AdminOnly()
  @Operation({
    id: 'listUsers',
    summary: 'List all users (role admin)',
    description: 'In the order they registered, a page at a time.',
    success: { status: 200, description: 'A page of users, in the order they registered.', schema: userListSchema },
    problems: ['request.invalid', 'cursor.invalid', 'access.denied', ...storeProblems],
  })
  async list(@CurrentCaller() caller: Caller, @Query({ schema: userListQuerySchema }) query: UserListQuery): Promise<UserList> {
    return this.users.list(caller, query);
  }

  @Get(':id')
  @OwnedBy('id', { adminMayRead: true })
  @Entity()
  @Operation({
    id: 'getUser',
    summary: 'Read a user',
    description: 'Your own profile; an administrator may read anyone’s.',
    success: { status: 200, description: 'The user.', schema: userSchema, headers: ['ETag'] },
    problems: ['request.invalid', 'access.denied', 'user.not_found', ...storeProblems],
    requestHeaders: ['If-None-Match'],
  })
  async get(@Param('id', { schema: userIdSchema }) id: string): Promise<User> {
    return this.users.getUser(id);
  }

  @Patch(':id')
  @OwnedBy('id')
  @AcceptsMergePatch()
  @Entity()
  @Operation({
    id: 'updateUser',
    summary: 'Change a user',
    description:
      'A JSON merge patch. A new password or e-mail needs `currentPassword`, whose failures count as failed sign-ins; a new password ends all refresh tokens.',
    success: { status: 200, description: 'The user.', schema: userSchema, headers: ['ETag'] },
    quota: 'when used',
    problems: [
      ...bodyProblems,
      'access.denied',
      'user.wrong_password',
      'user.not_found',
      'user.email_taken',
      'version.stale',
      'rate_limit.exceeded',
      ...storeProblems,
    ],
    requestHeaders: ['If-Match'],
  })
  async update(
    @Param('id', { schema: userIdSchema }) id: string,
    @Body({ schema: userPatchSchema }) patch: UserPatch,
    @IfMatch() condition: VersionCondition | undefined,
    @Client() client: LimitedClient,
  ): Promise<User> {
    return this.users.update(id, patch, condition, client);
  }

  @Delete(':id')
  @HttpCode(204)
  @OwnedBy('id')
  @Operation({
    id: 'deleteUser',
    summary: 'Delete a user and all that is theirs',
    description:
      'Sign-in, profile and e-mail are gone at once; todos and record follow shortly, normally before the answer. The password must have been given in the last 10 minutes.',
    success: { status: 204, description: 'Deleted.' },
    problems: ['request.invalid', 'access.denied', 'auth.reauthentication_required', 'user.not_found', 'version.stale', ...storeProblems],
    requestHeaders: ['If-Match'],
  })
  async remove(
    @Param('id', { schema: userIdSchema }) id: string,
    @CurrentCaller() caller: Caller,
    @IfMatch() condition: VersionCondition | undefined,
  ): Promise<void> {
    return this.users.remove(id, caller, condition);
  }
}
