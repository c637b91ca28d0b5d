import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import type { QueryRunner } from 'typeorm';
import type { StoreTimeouts } from '../../config/store-timeouts.js';
import type { ApplicationRole } from './credentials.js';
import { settingStatements } from './role-settings.js';

/** A role's name and password cannot be parameters of a statement: what stands there must need no quoting. */
const plainName = /^[a-z_][a-z0-9_]{0,62}$/;
/** Servers and clients may normalise other characters differently (SASLprep, RFC 4013). */
const plainPassword = /^[\x21-\x7e]{16,}$/;
/** What PostgreSQL itself takes by default. */
const scramIterations = 4096;

/**
 * Makes a role that can use the rows of these tables and nothing else, with the settings of its sessions: it owns nothing, sees no other table, and cannot make
 * any, temporary ones included. A role that exists is given the password,
 * or without one the right to sign in by token, and what it lacks. The runner is the tables' owner's, in no transaction.
 *
 * It needs no superuser, only CREATEROLE and the ownership of the database, which is what RDS's master user has.
 */
export async function ensureApplicationRole(
  runner: QueryRunner,
  { username, password }: ApplicationRole,
  tables: readonly string[],
  timeouts: StoreTimeouts,
): Promise<void> {
  if (!plainName.test(username) || (password !== undefined && !plainPassword.test(password))) {
    throw new Error("The role's name must be small letters, digits and _, and its password 16 or more visible ASCII characters");
  }
  await runner.startTransaction();
  try {
    const [found] = (await runner.query(
      `SELECT quote_ident(current_database()) AS database, current_user = $1 AS itself, EXISTS (SELECT FROM pg_roles WHERE rolname = $1) AS there,
              EXISTS (SELECT FROM pg_auth_members WHERE roleid = to_regrole('rds_iam') AND member = to_regrole($1)) AS "byToken",
              ARRAY(SELECT sequence.oid::regclass::text FROM pg_class sequence JOIN pg_depend ON pg_depend.objid = sequence.oid
                    WHERE sequence.relkind = 'S' AND pg_depend.deptype IN ('a', 'i') AND pg_depend.refobjid = ANY ($2::regclass[])) AS sequences`,
      [username, tables],
    )) as [{ database: string; itself: boolean; there: boolean; byToken: boolean; sequences: string[] }];
    if (found.itself) {
      throw new Error(`The role ${username} owns the tables: the secret named by APP_ROLE_SECRET_ARN must be of another one`);
    }
    const statements = [
      ...(found.there ? [] : [`CREATE ROLE ${username}`]),
      ...signInStatements({ username, password }, found.byToken),
      ...settingStatements({ role: username, database: found.database }, timeouts),
      `GRANT SELECT, INSERT, UPDATE, DELETE ON ${tables.join(', ')} TO ${username}`,
      ...found.sequences.map((sequence) => `GRANT USAGE ON SEQUENCE ${sequence} TO ${username}`),
      // What every role may do unless it is forbidden: the first up to PostgreSQL 14.
      'REVOKE CREATE ON SCHEMA public FROM PUBLIC',
      `REVOKE TEMPORARY ON DATABASE ${found.database} FROM PUBLIC`,
    ];
    for (const statement of statements) {
      await runner.query(statement);
    }
    await runner.commitTransaction();
  } catch (error) {
    await runner.rollbackTransaction();
    throw error;
  }
}

/**
 * RDS lets a member of `rds_iam` in by token only, and RDS Proxy comes with a password: a role has one or the other.
 * https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.DBAccounts.html
 */
function signInStatements({ username, password }: ApplicationRole, byToken: boolean): string[] {
  return password === undefined
    ? [`ALTER ROLE ${username} LOGIN PASSWORD NULL`, `GRANT rds_iam TO ${username}`]
    : [`ALTER ROLE ${username} LOGIN PASSWORD '${scramVerifier(password)}'`, ...(byToken ? [`REVOKE rds_iam FROM ${username}`] : [])];
}

/**
 * What PostgreSQL stores of a password (RFC 5803, section 2). Sent in its place, as psql's `\password` does, so that the password is in no
 * statement, and so in no log of the server.
 */
function scramVerifier(password: string): string {
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password, salt, scramIterations, 32, 'sha256');
  const key = (name: string): Buffer => createHmac('sha256', salted).update(name).digest();
  const storedKey = createHash('sha256').update(key('Client Key')).digest('base64');
  return `SCRAM-SHA-256$${scramIterations}:${salt.toString('base64')}$${storedKey}:${key('Server Key').toString('base64')}`;
}
