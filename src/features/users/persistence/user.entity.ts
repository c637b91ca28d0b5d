import { EntitySchema } from 'typeorm';

/** A row of `users`. */
export interface UserRow {
  id: string;
  email: string;
  name: string;
  timeZone: string;
  role: 'user' | 'admin';
  passwordHash: string;
  passwordVersion: number;
  createdAt: Date;
  updatedAt: Date;
  version: number;
}

export const userEntity = new EntitySchema<UserRow>({
  name: 'users',
  tableName: 'users',
  columns: {
    id: { type: 'uuid', primary: true },
    email: { type: 'text' },
    name: { type: 'text' },
    timeZone: { name: 'time_zone', type: 'text' },
    role: { type: 'text' },
    passwordHash: { name: 'password_hash', type: 'text' },
    passwordVersion: { name: 'password_version', type: 'integer' },
    createdAt: { name: 'created_at', type: 'timestamp with time zone', precision: 3 },
    updatedAt: { name: 'updated_at', type: 'timestamp with time zone', precision: 3 },
    version: { type: 'integer' },
  },
});
