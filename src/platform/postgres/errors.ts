import { types } from 'node:util';

/** The whole piece of work took longer than the request may. */
export class OutOfTimeError extends Error {}
/** An open connection did not answer what a living one answers at once. */
export class NoAnswerError extends Error {}
/** The commit was sent, and its answer was lost. */
export class CommitUnknownError extends Error {}

// Class 08, 57P01 to 57P05, 53300 and 28P01 (a rotated password) of https://www.postgresql.org/docs/current/errcodes-appendix.html
const lostStates = /^(08...|57P0[1-5]|53300|28P01|28000)$/;
const lostCodes = /^E(CONNREFUSED|CONNRESET|CONNABORTED|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH|NOTFOUND|AI_AGAIN)$/;
// pg gives these no code.
const lostMessages =
  /Connection terminated|connection timeout|timeout expired|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error|Cannot use a pool after calling end|Connection ended|not queryable|Connection is not established|Query runner already released/i;
// A statement cancelled by its time limit, a deadlock, and a server short of memory, disk or other means (class 53): it lives, and may do it later.
const busyStates = /^(57014|40P01|40001|53[124]..)$/;
// RDS Proxy's own errors, by their documented texts, since their SQLSTATEs are not documented. A fresh connection would only add to its load:
// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy.troubleshooting.html
const proxyMessages =
  /Timed-out waiting to acquire database connection|number of client connections to the proxy exceeded|Rate of connection to proxy exceeded|too many competing requests|This RDS proxy has no credentials|The password that was provided for the role .* is wrong|IAM authentication failed for|Request returned an error: |^Unknown error\.?$/i;

/** Whether an error says that the connection, not the statement, was at fault. */
export function isConnectionLost(error: unknown): boolean {
  // Not `instanceof`: Node's own errors, such as a refused connection, are of another realm where the code runs in a `vm` context (jest).
  if (!types.isNativeError(error) || isProxyError(error)) {
    return false;
  }
  const { code, driverError } = error as Error & { code?: unknown; driverError?: unknown };
  return (
    error instanceof OutOfTimeError ||
    error instanceof NoAnswerError ||
    error instanceof CommitUnknownError ||
    (typeof code === 'string' && (lostStates.test(code) || lostCodes.test(code))) ||
    lostMessages.test(error.message) ||
    (driverError !== undefined && driverError !== error && isConnectionLost(driverError)) ||
    ('errors' in error && Array.isArray(error.errors) && error.errors.some(isConnectionLost))
  );
}

/** Whether PostgreSQL, or RDS Proxy before it, says that it cannot do this at the moment. */
export function isBusy(error: unknown): boolean {
  return isProxyError(error) || busyStates.test(stateOf(error) ?? '');
}

/** Whether all connections of a pool were in use for as long as a caller may wait for one. */
export function isPoolExhausted(error: unknown): boolean {
  return types.isNativeError(error) && /timeout exceeded when trying to connect/.test(error.message);
}

/** Whether pg or TypeORM knew the connection to be dead before they wrote to it. */
export function isNeverSent(error: unknown): boolean {
  return types.isNativeError(error) && /not queryable|Query runner already released/i.test(error.message);
}

/** Whether an error is one of PostgreSQL's own, or of the connection to it; anything else is a defect. */
export function isPostgresError(error: unknown): boolean {
  return isConnectionLost(error) || isBusy(error) || (error as { driverError?: unknown }).driverError !== undefined;
}

/** The name of the unique constraint that a statement broke (SQLSTATE 23505); undefined for any other error. */
export function brokenUniqueConstraint(error: unknown): string | undefined {
  const { constraint } = driverErrorOf(error) as { constraint?: unknown };
  return stateOf(error) === '23505' && typeof constraint === 'string' ? constraint : undefined;
}

/** Whether a statement named a row of another table that is not there (SQLSTATE 23503). */
export function isForeignKeyBroken(error: unknown): boolean {
  return stateOf(error) === '23503';
}

function isProxyError(error: unknown): boolean {
  return types.isNativeError(error) && proxyMessages.test((driverErrorOf(error) as Error).message);
}

function stateOf(error: unknown): string | undefined {
  const { code } = driverErrorOf(error) as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}

// TypeORM wraps the driver's error.
function driverErrorOf(error: unknown): unknown {
  return (error as { driverError?: unknown }).driverError ?? error;
}
