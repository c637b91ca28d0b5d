import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { type Config, type Environment, parseConfig } from '../../src/config/config.js';
import { createWorker } from '../../src/create-worker.js';
import { provisionTables } from '../../src/local/stores/provision-tables.js';
import { createServerApp } from '../../src/local/server/server-app.js';
import { Migrator } from '../../src/platform/postgres/migrator.js';
import { postgresModule } from '../../src/postgres.module.js';
import { type CallRecorder, createCallRecorder } from './aws/call-recorder.js';
import { type RdsProxyStandIn, startRdsProxy } from './aws/rds-proxy.js';
import { accessStores, openStores, type StoreAccess } from './stores.js';

/**
 * A whole service in this process, listening on a free loopback port, over real embedded stores of its own. To PostgreSQL it comes as the role
 * that the functions come as on AWS, and through a stand-in as strict as RDS Proxy: what those do not allow shows here.
 */
export interface TestService {
  readonly url: string;
  /** The variables that lead another process, or a function in this one, the same way to the same stores, as the owner of the tables. */
  readonly environment: Environment;
  /** It leads the owner of the tables to PostgreSQL, the same way. */
  readonly config: Config;
  /** One call; `body` as JSON unless it is text already. The answer's body is parsed when it is JSON. */
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  /** What the stores hold, past the service: for what no route brings about. */
  readonly truth: Omit<StoreAccess, 'close'>;
  /** Registers a user and signs in. */
  signUp(overrides?: Partial<{ email: string; name: string; password: string; timeZone: string }>): Promise<SignedUp>;
  stop(): Promise<void>;
}

export interface CallOptions {
  readonly body?: unknown;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // Tests read into bodies freely; their assertions are the check.
  // eslint-disable-next-line typescript/no-explicit-any
  readonly body: any;
  readonly text: string;
}

export interface SignedUp {
  readonly id: string;
  readonly email: string;
  readonly password: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** How long the stores may take in tests that are not about that: a busy machine is no fault of the service. */
export const patientStoreTimeoutMs = '20000';

/** Starts stores, tables, migrations and service; `environment` overrides single variables. */
export async function startService(environment: Environment = {}): Promise<TestService> {
  const stores = await openStores();
  let recorder: CallRecorder | undefined;
  let rdsProxy: RdsProxyStandIn | undefined;
  try {
    const direct = parseConfig(stores.environment);
    rdsProxy = await startRdsProxy(direct.postgres);
    const variables = { ...stores.environment, RDS_PORT: String(rdsProxy.port) };
    const config = parseConfig({
      LOG_LEVEL: 'error',
      PORT: '0',
      REGISTRATION_LIMIT_ADDRESS: '100000',
      STORE_TIMEOUT_MS: patientStoreTimeoutMs,
      ...variables,
      ...environment,
    });
    await provisionTables(config, () => {});
    // All that the application calls of DynamoDB is what the http function may: requests, and the erasure that follows a deletion, which the
    // outbox worker beside it repeats. Tests, and workers they make of the configuration, go past the recorder.
    recorder = createCallRecorder('http', config.dynamodb.tables);
    const endpoint = await recorder.before(config.dynamodb.endpoint ?? '');
    await migrate(config);
    const app = await createServerApp({
      ...config,
      postgres: { ...config.postgres, ...applicationRoleOf(config) },
      dynamodb: { ...config.dynamodb, endpoint },
    });
    await app.listen(0, '127.0.0.1');
    const url = `http://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
    const call = async (method: string, path: string, options: CallOptions = {}): Promise<Answer> => callService(url, method, path, options);
    const truth = accessStores(direct);
    return {
      url,
      environment: variables,
      config,
      call,
      truth,
      signUp: async (overrides = {}) => signUp(call, overrides),
      stop: async () => {
        await app.close();
        await truth.close();
        await stores.stop();
        await recorder?.stop();
        await rdsProxy?.stop();
      },
    };
  } catch (error) {
    await Promise.allSettled([stores.stop(), recorder?.stop(), rdsProxy?.stop()]);
    throw error;
  }
}

/** Roles belong to the server, not to a database: each suite has its own. */
export const applicationRoleOf = ({ postgres }: Config) => ({ username: `${postgres.database}_app`, password: 'a-password-of-the-role' });

/** What the migrate function does on AWS. */
export async function migrate(config: Config): Promise<void> {
  const worker = await createWorker(config, [postgresModule]);
  try {
    await worker.get(Migrator).migrate({ applicationRole: applicationRoleOf(config) });
  } finally {
    await worker.close();
  }
}

/** One HTTP call, as {@link TestService.call}, against any Duet. */
export async function callService(url: string, method: string, path: string, options: CallOptions = {}): Promise<Answer> {
  const response = await fetch(url + path, { method, redirect: 'manual', headers: headersOf(options), body: contentOf(options) });
  return answerOf(response.status, response.headers, await response.text());
}

/** The headers of a call. */
export function headersOf({ body, token, headers }: CallOptions): Record<string, string> {
  return {
    ...(body !== undefined && { 'Content-Type': 'application/json' }),
    ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    ...headers,
  };
}

/** The body of a call, as it is sent. */
export function contentOf({ body }: CallOptions): string | undefined {
  return body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
}

/** An answer with its JSON, if it is some. */
export function answerOf(status: number, headers: Headers, text: string): Answer {
  const isJson = headers.get('content-type')?.includes('json') ?? false;
  return { status, headers, text, body: isJson && text !== '' ? JSON.parse(text) : undefined };
}

/** Registers a user and signs in, as {@link TestService.signUp}, through any way to call a Duet. */
export async function signUp(
  call: TestService['call'],
  overrides: Partial<{ email: string; name: string; password: string; timeZone: string }>,
): Promise<SignedUp> {
  const password = overrides.password ?? 'correct horse battery staple';
  const email = overrides.email ?? `u-${randomUUID()}@example.com`;
  const registered = await call('POST', '/users', {
    body: { email, name: 'Test User', password, ...(overrides.name && { name: overrides.name }), ...(overrides.timeZone && { timeZone: overrides.timeZone }) },
  });
  if (registered.status !== 201) {
    throw new Error(`Registration answered ${registered.status}: ${registered.text}`);
  }
  const { body, status, text } = await call('POST', '/auth/login', { body: { email, password } });
  if (status !== 200) {
    throw new Error(`Sign-in answered ${status}: ${text}`);
  }
  return { id: registered.body.id, email, password, accessToken: body.accessToken, refreshToken: body.refreshToken };
}
