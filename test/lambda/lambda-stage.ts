import { type Environment, parseConfig } from '../../src/config/config.js';
import { startEphemeralStores } from '../../src/local/stores/local-stores.js';
import { provisionTables } from '../../src/local/stores/provision-tables.js';
import { LambdaEnvironment, type LambdaOptions } from '../support/lambda-runtime/lambda-environment.js';
import type { LambdaRuntime } from '../support/lambda-runtime/lambda-runtimes.js';
import { type FunctionName, packaged } from '../support/setup/package-functions.js';
import { type RdsProxyStandIn, startRdsProxy } from '../support/aws/rds-proxy.js';
import { patientStoreTimeoutMs } from '../support/service.js';

/** An answer in any of the shapes that the events' sources expect. */
export interface HttpResult {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>>;
  readonly body: string;
  readonly isBase64Encoded?: boolean;
}

/** A header of an answer, wherever its shape has them. */
export function headerOf({ headers, multiValueHeaders }: HttpResult, name: string): string | undefined {
  return headers?.[name] ?? multiValueHeaders?.[name]?.join(', ');
}

/** The JSON of an answer. */
export function bodyOf({ body }: HttpResult): unknown {
  return JSON.parse(body);
}

/** Real stores, migrated by the packaged function, and environments of the functions that end with them. */
export interface LambdaStage {
  /** The variables that lead to the stores. */
  readonly variables: Environment;
  /** Between the functions and PostgreSQL. */
  readonly rdsProxy: RdsProxyStandIn;
  /** Starts an environment of a function in the folder its zip was unpacked to; `overrides` change single variables, undefined removes one. */
  start(name: FunctionName, overrides?: Environment, memoryMb?: number): Promise<LambdaEnvironment>;
  /** The same for what lies in another folder. */
  startIn(folder: string, handler: string, overrides: Environment): Promise<LambdaEnvironment>;
  stop(): Promise<void>;
}

export async function setLambdaStage({ node, client }: LambdaRuntime): Promise<LambdaStage> {
  const stores = await startEphemeralStores();
  const rdsProxy = await startRdsProxy(parseConfig(stores.environment).postgres);
  const variables = { STORE_TIMEOUT_MS: patientStoreTimeoutMs, ...stores.environment, RDS_PORT: String(rdsProxy.port) };
  const running: LambdaEnvironment[] = [];
  const startWith = async (options: Pick<LambdaOptions, 'folder' | 'handler' | 'memoryMb'>, overrides: Environment): Promise<LambdaEnvironment> => {
    const environment = await LambdaEnvironment.start({ ...options, variables: { ...variables, ...overrides }, node, client });
    running.push(environment);
    return environment;
  };
  const start: LambdaStage['start'] = async (name, overrides = {}, memoryMb) => startWith({ folder: packaged('unpacked', name), memoryMb }, overrides);
  const startIn: LambdaStage['startIn'] = async (folder, handler, overrides) => startWith({ folder, handler }, overrides);
  const stop = async () => {
    await Promise.all(running.map(async (environment) => environment.stop()));
    await stores.stop();
    await rdsProxy.stop();
  };
  try {
    await provisionTables(parseConfig(variables), () => {});
    await (await start('migrate')).invoke({});
    return { variables, rdsProxy, start, startIn, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
