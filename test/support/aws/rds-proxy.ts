import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** An error as PostgreSQL's protocol carries it (https://www.postgresql.org/docs/current/protocol-error-fields.html). */
export interface ServerError {
  readonly severity: 'FATAL' | 'ERROR';
  readonly code: string;
  readonly message: string;
}

/**
 * Stands before PostgreSQL as RDS Proxy does: as strict about startup messages, and it fails at its end where a statement would have pinned a session to one
 * connection. It ends connections as they are ended on its other side.
 */
export interface RdsProxyStandIn {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** Names of the parameters that startup messages carried. */
  readonly startupParameters: ReadonlySet<string>;
  /** How many connections were refused by {@link RdsProxyStandIn.failWith}. */
  readonly refused: number;
  /** From now on new connections get this error instead of an answer; `null`: all is well again. */
  failWith(error: ServerError | null): void;
  /** From now on the first statement of each connection gets this error, and the connection ends; `null`: all is well again. */
  failStatementsWith(error: ServerError | null): void;
  /** Holds back each new connection for so long. */
  delayConnections(ms: number): void;
  /** @throws Error when statements came that RDS Proxy pins a session for: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy-pinning.html */
  stop(): Promise<void>;
}

/** What RDS Proxy takes: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-proxy.troubleshooting.html */
const allowedParameters = new Set(['user', 'database', 'application_name', 'client_encoding']);
const protocolVersion = 196_608;
const pinning =
  /^\s*(SET|RESET|DISCARD|PREPARE|DEALLOCATE|EXECUTE|DECLARE|LISTEN|LOAD|CREATE\s+TEMP)\b|set_config\s*\(|pg_(try_)?advisory_lock\s*\(|(next|set)val\s*\(/i;
const maxStatementBytes = 16 * 1024;
/** The one session that has to keep its connection: that of migrate, for as long as it works. */
const migrationLock = 'SELECT pg_try_advisory_lock($1) AS locked';

/** Starts the stand-in on a free loopback port before the server at `host` and `port`. */
export async function startRdsProxy(target: { readonly host: string; readonly port: number }): Promise<RdsProxyStandIn> {
  const sockets = new Set<Socket>();
  const pinned: string[] = [];
  const startupParameters = new Set<string>();
  let refused = 0;
  let connectionError: ServerError | null = null;
  let statementError: ServerError | null = null;
  let delayMs = 0;

  const serve = (client: Socket): void => {
    const server = connect(target.port, target.host).setNoDelay();
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        // What has been written is still to reach the other side.
        other.end();
      });
    }
    const refuse = (error: ServerError): void => {
      client.end(errorResponse(error));
      server.destroy();
    };
    let started = false;
    let failed = false;
    let pending: Buffer = Buffer.alloc(0);
    const read = (data: Buffer): void => {
      pending = Buffer.concat([pending, data]);
      for (let message = takeMessage(); message !== undefined && !failed; message = takeMessage()) {
        const error = started ? onStatement(message) : onStartup(message);
        started = true;
        if (error === undefined) {
          server.write(message);
        } else {
          failed = true;
          refuse(error);
        }
      }
    };
    const takeMessage = (): Buffer | undefined => {
      // Every message but the first begins with a byte for its type.
      const typeLength = started ? 1 : 0;
      if (pending.length < typeLength + 4) return undefined;
      const length = typeLength + pending.readInt32BE(typeLength);
      if (pending.length < length) return undefined;
      const message = pending.subarray(0, length);
      pending = pending.subarray(length);
      return message;
    };
    client.on('data', delayMs === 0 ? read : (data) => void setTimeout(() => read(data), started ? 0 : delayMs).unref());
    server.on('data', (data) => client.write(data));
  };

  const onStartup = (message: Buffer): ServerError | undefined => {
    if (message.readInt32BE(4) !== protocolVersion) {
      return unsupported('RDS Proxy supports only version 3.0 of the PostgreSQL messaging protocol.');
    }
    const words = message.subarray(8).toString('utf8').split('\0');
    const names = words.filter((name, index) => index % 2 === 0 && name !== '');
    names.forEach((name) => startupParameters.add(name));
    const refusedName = names.find((name) => !allowedParameters.has(name));
    if (refusedName === 'options') {
      return unsupported("RDS Proxy currently doesn't support command-line options.");
    }
    if (refusedName !== undefined) {
      return unsupported(`RDS Proxy currently doesn't support the option ${refusedName}.`);
    }
    refused += connectionError === null ? 0 : 1;
    return connectionError ?? undefined;
  };

  const onStatement = (message: Buffer): ServerError | undefined => {
    const text = statementOf(message);
    if (text === undefined) {
      return undefined;
    }
    if (text !== migrationLock && (pinning.test(text) || Buffer.byteLength(text) > maxStatementBytes)) {
      pinned.push(text.slice(0, 200));
    }
    return statementError ?? undefined;
  };

  const listener = createServer({ allowHalfOpen: false }, (client) => serve(client.setNoDelay()));
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return {
    host: '127.0.0.1',
    port: (listener.address() as AddressInfo).port,
    startupParameters,
    get refused() {
      return refused;
    },
    failWith: (error) => void (connectionError = error),
    failStatementsWith: (error) => void (statementError = error),
    delayConnections: (ms) => void (delayMs = ms),
    stop: async () => {
      const closed = once(listener, 'close');
      listener.close();
      sockets.forEach((socket) => socket.destroy());
      await closed;
      if (pinned.length > 0) {
        throw new Error(`RDS Proxy would pin a session for each of: ${pinned.join('; ')}`);
      }
    },
  };
}

/** The text of a Query or a Parse message; undefined for any other message. */
function statementOf(message: Buffer): string | undefined {
  const type = String.fromCharCode(message[0] ?? 0);
  const [first = '', second = ''] = message.subarray(5).toString('utf8').split('\0');
  return type === 'Q' ? first : type === 'P' ? second : undefined;
}

function unsupported(message: string): ServerError {
  return { severity: 'FATAL', code: '0A000', message: `Feature not supported: ${message}` };
}

function errorResponse({ severity, code, message }: ServerError): Buffer {
  const fields = Buffer.from(`S${severity}\0V${severity}\0C${code}\0M${message}\0\0`);
  const head = Buffer.alloc(5);
  head.write('E');
  head.writeInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
}
