import pg from 'pg';
import type { SignedUp, TestService } from './service.js';

/** Registers a user, makes them an admin as an operator does, and signs in again: the role is in the token. */
export async function signUpAdmin(service: TestService): Promise<SignedUp> {
  const user = await service.signUp();
  const { host, port, database, username, password } = service.config.postgres;
  const client = new pg.Client({ host, port, database, user: username, password });
  await client.connect();
  await client.query(`UPDATE users SET role = 'admin' WHERE id = $1`, [user.id]);
  await client.end();
  const { body } = await service.call('POST', '/auth/login', { body: { email: user.email, password: user.password } });
  return { ...user, accessToken: body.accessToken };
}
