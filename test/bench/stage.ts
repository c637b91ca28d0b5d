import { nodeBinary } from '../../infra/package/runtime.mjs';
import { type Environment, parseConfig } from '../../src/config/config.js';
import { startEphemeralStores } from '../../src/local/stores/local-stores.js';
import { provisionTables } from '../../src/local/stores/provision-tables.js';
import { LambdaEnvironment } from '../support/lambda-runtime/lambda-environment.js';
import { type RuntimeClient, runtimeClient } from '../support/lambda-runtime/runtime-client.js';
import { type EventRequest, httpApiEvent } from '../support/aws/lambda-events.js';
import { goodClaims, signToken } from '../support/tokens.js';

/** An answer of a function behind an HTTP API. */
export interface HttpResult {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Where everything is measured: real stores on loopback with a user in them, Lambda's Node and its runtime client. */
export interface Stage {
  /** The variables of every function. */
  readonly variables: Environment;
  readonly node: string;
  readonly client: RuntimeClient;
  /** A registered user. */
  readonly userId: string;
  /** An event in a user's name, with a token that was signed this moment. */
  eventOf(userId: string, request: EventRequest): object;
  /** Registers another user. */
  register(email: string): Promise<string>;
  stop(): Promise<void>;
}

/** Sets the stage: starts the stores, and lets the packaged functions themselves migrate them and register a user. */
export async function setStage(functions: { readonly http: string; readonly migrate: string }, onProgress: (line: string) => void): Promise<Stage> {
  onProgress('fetching Lambda’s Node and its runtime client');
  const [node, client] = await Promise.all([nodeBinary(), runtimeClient()]);
  onProgress('starting PostgreSQL and DynamoDB');
  const stores = await startEphemeralStores();
  try {
    const config = parseConfig(stores.environment);
    await provisionTables(config);
    const { DUET_DATA_DIR: _dataDir, ...reach } = stores.environment;
    const { todos, counters, records, archive, rateLimits } = config.dynamodb.tables;
    const variables: Environment = {
      ...reach,
      DYNAMODB_TABLE_NAME: todos,
      COUNTERS_TABLE_NAME: counters,
      RECORDS_TABLE_NAME: records,
      ARCHIVE_TABLE_NAME: archive,
      RATE_LIMITS_TABLE_NAME: rateLimits,
    };
    const start = async (folder: string) => LambdaEnvironment.start({ folder, variables, node, client });
    await withEnvironment(await start(functions.migrate), async (migrate) => migrate.invoke({}));
    const register = async (email: string) => withEnvironment(await start(functions.http), async (http) => registerWith(http, email));
    return {
      variables,
      node,
      client,
      userId: await register('bench@example.com'),
      eventOf: (userId, { headers, ...request }) =>
        httpApiEvent({ ...request, headers: { ...headers, authorization: `Bearer ${signToken(variables['JWT_SECRET'] ?? '', goodClaims(userId))}` } }),
      register,
      stop: async () => stores.stop(),
    };
  } catch (error) {
    await stores.stop();
    throw error;
  }
}

/** Lets `work` have an environment, and ends it whatever happens. */
export async function withEnvironment<T>(environment: LambdaEnvironment, work: (environment: LambdaEnvironment) => Promise<T>): Promise<T> {
  try {
    return await work(environment);
  } finally {
    await environment.stop();
  }
}

async function registerWith(http: LambdaEnvironment, email: string): Promise<string> {
  const body = JSON.stringify({ email, name: 'Bench', password });
  const answer = await http.invoke<HttpResult>(httpApiEvent({ method: 'POST', path: '/users', headers: { 'content-type': 'application/json' }, body }));
  if (answer.statusCode !== 201) {
    throw new Error(`POST /users answered ${answer.statusCode}: ${answer.body}\n${http.log}`);
  }
  return (JSON.parse(answer.body) as { id: string }).id;
}

/** Of every user the bench registers. */
export const password = 'correct horse battery staple';
