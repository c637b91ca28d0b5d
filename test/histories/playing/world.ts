import { setTimeout as sleep } from 'node:timers/promises';
import { type Config, type Environment, parseConfig } from '../../../src/config/config.js';
import { type BuiltService, startBuiltService } from '../../support/built-service.js';
import { type FaultProxy, startFaultProxy } from '../../support/faults/fault-proxy.js';
import { accessStores, type StoreAccess } from '../../support/stores.js';
import { HttpClient } from './http-client.js';
import { type KillableStore, startKillableStores } from './killable-stores.js';
import type { Send } from './todo-requests.js';

/** The built service as two processes with its stores, with proxies between all of them; each can be killed. */
export interface World {
  readonly config: Config;
  /** PostgreSQL itself, past every fault. */
  readonly query: StoreAccess['query'];
  /** Through the proxies, to one process after the other. */
  readonly send: Send;
  /** Asks again while a fault's last connections fail. */
  readonly calm: Send;
  readonly stores: { readonly postgres: KillableStore; readonly dynamodb: KillableStore };
  /** Before the stores. */
  readonly postgres: FaultProxy;
  readonly dynamodb: FaultProxy;
  /** Before the processes of the service. */
  readonly doors: readonly FaultProxy[];
  killAndRestart(): Promise<void>;
  /** Ends what proxies do. */
  calmDown(): Promise<void>;
  stop(): Promise<void>;
}

const processes = 2;
/** So short that what is done soon expires under the eyes of the clients. */
const archiveAfterDays = 1 / 86_400;

/** Starts a world of its own, on empty stores. */
export async function startWorld(): Promise<World> {
  const stores = await startKillableStores();
  const config = parseConfig(stores.environment);
  const [postgres, dynamodb] = await Promise.all([startFaultProxy(stores.postgres), startFaultProxy(stores.dynamodb)]);
  const environment: Environment = {
    ...stores.environment,
    RDS_PORT: String(postgres.port),
    DYNAMODB_ENDPOINT: `http://127.0.0.1:${dynamodb.port}`,
    STORE_TIMEOUT_MS: '4000',

    REGISTRATION_LIMIT_ADDRESS: '1000000',
    ARCHIVE_AFTER_DAYS: archiveAfterDays.toFixed(9),
  };
  // One after the other: the first makes the tables.
  let running: BuiltService[] = [await startBuiltService(environment)];
  running = [...running, ...(await Promise.all(Array.from({ length: processes - 1 }, async () => startBuiltService(environment))))];
  const ports = running.map(({ url }) => new URL(url).port);
  const doors = await Promise.all(ports.map(async (port) => startFaultProxy({ host: '127.0.0.1', port: Number(port) })));
  const client = new HttpClient();
  let calls = 0;
  const send: Send = async (...request) => client.call(doors[calls++ % processes]?.port ?? 0, ...request);
  const calmDown = async (): Promise<void> => {
    await Promise.all([postgres, dynamodb, ...doors].map(async (proxy) => proxy.restore()));
  };
  return {
    config,
    query: async (...statement) => {
      // It may have been killed, and have another port now.
      const access = accessStores({ ...config, postgres: { ...config.postgres, port: stores.postgres.port } });
      try {
        return await access.query(...statement);
      } finally {
        await access.close();
      }
    },
    send,
    calm: async (...request) => {
      for (let attempt = 0; ; attempt += 1) {
        const answer = await send(...request);
        if ((answer !== null && answer.status !== 503 && answer.status !== 429) || attempt === 100) {
          return answer;
        }
        await sleep(100);
      }
    },
    stores,
    postgres,
    dynamodb,
    doors,
    killAndRestart: async () => {
      await Promise.all(running.map(async (service) => service.kill()));
      running = await Promise.all(ports.map(async (port) => startBuiltService({ ...environment, PORT: port })));
    },
    calmDown,
    stop: async () => {
      client.close();
      await Promise.all(running.map(async (service) => service.kill()));
      await Promise.all([postgres, dynamodb, ...doors].map(async (proxy) => proxy.stop()));
      await stores.stop();
    },
  };
}
