import type { Pool } from 'pg';
import type { DataSource } from 'typeorm';

/**
 * A pool of connections, TypeORM over it once it is needed, and a count of the callers who use it. A retired pool is closed when its last caller is done:
 * TypeORM, asked to close, would take the connections of running transactions away and hand them, as they are, to a caller that waits for one.
 */
export class ConnectionPool {
  readonly connections: Promise<Pool>;
  /** Whether a connection has been made. */
  isOpen = false;
  private callers = 0;
  private source: Promise<DataSource> | undefined;
  private retired = false;
  private close: () => void = () => undefined;
  private readonly closed: Promise<void>;

  /** @param onFailure called when connecting or loading TypeORM failed: such a pool must not be kept. */
  constructor(
    open: () => Promise<Pool>,
    private readonly createDataSource: (connections: Pool) => Promise<DataSource>,
    private readonly onFailure: () => void,
  ) {
    this.connections = open();
    this.connections.then(() => (this.isOpen = true), onFailure);
    this.closed = new Promise<void>((resolve) => (this.close = resolve)).then(async () => {
      const connections = await this.connections.catch(() => undefined);
      // The connections may be dead already; what matters is that they are not used again.
      await connections?.end().catch(() => undefined);
    });
  }

  /** TypeORM over these connections. */
  async dataSource(): Promise<DataSource> {
    if (this.source === undefined) {
      this.source = this.connections.then(this.createDataSource);
      this.source.catch(this.onFailure);
    }
    return this.source;
  }

  /** Runs `work`, and keeps the connections open until it is done. */
  async use<T>(work: () => Promise<T>): Promise<T> {
    this.callers += 1;
    try {
      return await work();
    } finally {
      this.callers -= 1;
      this.closeWhenUnused();
    }
  }

  /** Takes no new callers; resolves when it is closed. */
  async retire(): Promise<void> {
    this.retired = true;
    this.closeWhenUnused();
    return this.closed;
  }

  private closeWhenUnused(): void {
    if (this.retired && this.callers === 0) {
      this.close();
    }
  }
}
