/** What a row of `users` publishes. */
export interface PublicUserRow {
  id: string;
  email: string;
  emailVerified: boolean;
  name: string;
  timeZone: string;
  role: 'user' | 'admin';
  createdAt: Date;
  updatedAt: Date;
  version: number;
}

/** A row of `users`. */
export interface UserRow extends PublicUserRow {
  passwordHash: string;
  passwordVersion: number;
}

/** The columns of {@link PublicUserRow}: for TypeORM's entity, and for the one read that does without TypeORM. */
export const userColumns = {
  id: { name: 'id', type: 'uuid', primary: true },
  email: { name: 'email', type: 'text' },
  emailVerified: { name: 'email_verified', type: 'boolean' },
  name: { name: 'name', type: 'text' },
  timeZone: { name: 'time_zone', type: 'text' },
  role: { name: 'role', type: 'text' },
  createdAt: { name: 'created_at', type: 'timestamp with time zone', precision: 3 },
  updatedAt: { name: 'updated_at', type: 'timestamp with time zone', precision: 3 },
  version: { name: 'version', type: 'integer' },
} as const satisfies Record<keyof PublicUserRow, { name: string; type: string; primary?: true; precision?: number }>;
