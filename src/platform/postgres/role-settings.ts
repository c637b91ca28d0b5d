import type { StoreTimeouts } from '../../config/store-timeouts.js';

/**
 * What every session needs, kept with its role. RDS Proxy refuses such settings in the startup message, and a `SET` in a session would pin it to one
 * connection (https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy-pinning.html). They hold in one database, and go before that database's own.
 */
function settings({ statementMs, idleInTransactionMs }: StoreTimeouts): Readonly<Record<string, string>> {
  return {
    // No statement of a request holds its locks longer.
    statement_timeout: `${statementMs}ms`,
    // A client that vanished within a transaction keeps its locks no longer than this.
    idle_in_transaction_session_timeout: `${idleInTransactionMs}ms`,
    // The driver reads no other format.
    DateStyle: 'ISO, MDY',
  };
}

/** A role in a database. Both stand in statements as they are: a plain or quoted name, or `CURRENT_USER`. */
export interface RoleInDatabase {
  readonly role: string;
  readonly database: string;
}

/** The statements that give a role its settings, however often they are run. */
export function settingStatements({ role, database }: RoleInDatabase, timeouts: StoreTimeouts): string[] {
  return Object.entries(settings(timeouts)).map(([name, value]) => `ALTER ROLE ${role} IN DATABASE ${database} SET ${name} = '${value}'`);
}

/** The statements that lift a role's time limits for its next sessions. */
export function unlimitedStatements({ role, database }: RoleInDatabase): string[] {
  return ['statement_timeout', 'idle_in_transaction_session_timeout'].map((name) => `ALTER ROLE ${role} IN DATABASE ${database} RESET ${name}`);
}
