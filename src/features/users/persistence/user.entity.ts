import { EntitySchema } from 'typeorm';
import { userColumns, type UserRow } from './user-row.js';

export const userEntity = new EntitySchema<UserRow>({
  name: 'users',
  tableName: 'users',
  columns: {
    ...userColumns,
    passwordHash: { name: 'password_hash', type: 'text' },
    passwordVersion: { name: 'password_version', type: 'integer' },
  },
});
