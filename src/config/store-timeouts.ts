/** What a request's stores may take by default, in milliseconds: a 503 is promised within 3 s, and a busy or cold process takes its share of them. */
export const defaultStoreTimeoutMs = 2_300;

/** How long the stores may take, in milliseconds. All are shares of `STORE_TIMEOUT_MS`, so that a second try fits into a request's time. */
export interface StoreTimeouts {
  /** All calls of one request together. */
  readonly requestMs: number;
  /** One try of a call to an AWS API; opening a connection to PostgreSQL, or waiting for one of a pool in full use. */
  readonly tryMs: number;
  /** Opening the first connection of a pool to PostgreSQL: RDS Proxy may be cold. */
  readonly firstConnectMs: number;
  /** Opening a connection to an AWS API: a network that drops packets shows before the try's own time is up. */
  readonly connectMs: number;
  /** One statement, by PostgreSQL's own clock: no request's statement holds its locks longer. */
  readonly statementMs: number;
  /** One statement, by ours: a server that is gone cannot enforce its limit. It comes second, so that a living one says why. */
  readonly queryMs: number;
  /** The first try of a read, which waits for no lock: fresh connections then still have time to answer. */
  readonly readMs: number;
  /** The begin of a transaction, which waits for nothing: a connection that takes longer over it is dead. */
  readonly beginMs: number;
  /** A session's wait for its client within a transaction, by PostgreSQL's own clock: one that vanished keeps its locks no longer. */
  readonly idleInTransactionMs: number;
  /** Any call: a store that had this long and gave no answer is at fault. */
  readonly answerMs: number;
}

/** The shares of a request's store time. */
export function storeTimeouts(requestMs = defaultStoreTimeoutMs): StoreTimeouts {
  const share = (ms: number): number => Math.round((ms * requestMs) / defaultStoreTimeoutMs);
  return {
    requestMs,
    tryMs: share(1_000),
    firstConnectMs: share(2_000),
    connectMs: share(700),
    statementMs: share(1_700),
    queryMs: share(2_000),
    readMs: share(1_200),
    beginMs: share(600),
    idleInTransactionMs: share(10_000),
    answerMs: share(500),
  };
}
