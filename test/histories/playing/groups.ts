import { randomUUID } from 'node:crypto';
import { hash } from '@node-rs/argon2';
import type { Config } from '../../../src/config/config.js';
import type { StoreAccess } from '../../support/stores.js';
import { goodClaims, signToken, tokenBearer, type TokenBearer } from '../../support/tokens.js';

/** Who has an account whose e-mail, name and existence are at stake. */
export interface AccountHolder extends TokenBearer {
  readonly email: string;
}

/** The people of one history: no other history names them or what they have. */
export interface Group {
  readonly seed: number;
  /** Whose todos and records are at stake. */
  readonly users: readonly TokenBearer[];
  readonly holders: readonly AccountHolder[];
  /** What the holders, and those who register, want. */
  readonly emails: readonly string[];
  /** A token for someone who has registered meanwhile. */
  tokenOf(id: string): string;
}

export const nameAtFirst = 'Someone';
export const password = 'correct horse battery staple';
const usersPerGroup = 3;
const holdersPerGroup = 2;
const emailsPerGroup = 4;
let hashed: Promise<string> | undefined;

/** Makes a group for each seed: its people are written into PostgreSQL at once, since thousands of registrations would take longer than what is judged. */
export async function makeGroups(config: Config, { query }: Pick<StoreAccess, 'query'>, seeds: readonly number[]): Promise<Group[]> {
  const tokenOf = (id: string): string => signToken(config.auth.jwtSecret ?? '', goodClaims(id));
  const groups = seeds.map((seed): Group => {
    const run = randomUUID().slice(-12);
    const emails = Array.from({ length: emailsPerGroup }, (_, index) => `e${index}-${run}@example.com`);
    return {
      seed,
      users: Array.from({ length: usersPerGroup }, () => tokenBearer(config)),
      holders: emails.slice(0, holdersPerGroup).map((email) => ({ ...tokenBearer(config), email })),
      emails,
      tokenOf,
    };
  });
  const people = groups.flatMap(({ users, holders }) => [...users.map(({ id }) => [id, `${id}@example.com`]), ...holders.map(({ id, email }) => [id, email])]);
  // As cheap as argon2 allows: the hash is no matter of these histories.
  hashed ??= hash(password, { memoryCost: 8, timeCost: 1, parallelism: 1 });
  await query(
    `INSERT INTO users (id, email, name, time_zone, role, password_hash, password_version, created_at, updated_at, version)
     SELECT id, email, $3, 'UTC', 'user', $4, 1, now(), now(), 1 FROM unnest($1::uuid[], $2::text[]) AS person (id, email)`,
    [people.map(([id]) => id), people.map(([, email]) => email), nameAtFirst, await hashed],
  );
  return groups;
}
