import type { NestExpressApplication } from '@nestjs/platform-express';
import { createServerApp } from '../../../src/local/server/server-app.js';
import { startWireProxy, type WireCall } from '../../support/faults/wire-proxy.js';
import { callService, startService, type TestService } from '../../support/service.js';
import { makeGroups } from '../playing/groups.js';
import type { Send } from '../playing/todo-requests.js';
import { judgeHistories, play } from '../playing/workload.js';

/** A mistake that is planted while histories are played. */
export interface Mistake {
  /** What the service asks of DynamoDB, changed; undefined: left as it is. */
  readonly store?: (call: WireCall) => WireCall['input'] | undefined;
  /** Between the client and the service, over `send`. */
  readonly client?: (send: Send) => Send;
  /** The kinds of objects whose rules have to find it. */
  readonly found: readonly string[];
}

/** How histories are played, and how long: at most so many, or so many milliseconds. */
interface Search {
  readonly send: Send;
  readonly disturb?: (over: Promise<void>) => Promise<void>;
  readonly histories?: number;
  readonly ms?: number;
}

/** Plays histories, each longer than the one before, until no order explains one; gives the kinds of objects that are broken in it, none when there was none. */
async function playUntilBroken(
  { config, truth }: Pick<TestService, 'config' | 'truth'>,
  { send, disturb, histories = Infinity, ms = Infinity }: Search,
): Promise<readonly string[]> {
  const until = performance.now() + ms;
  for (let seed = 1; seed <= histories && performance.now() < until; seed += 1) {
    const groups = await makeGroups(config, truth, [seed]);
    const recorded = await play(send, send, { groups, clients: 10, requestsPerClient: Math.min(2 + 2 * seed, 12), ...(disturb && { disturb }) });
    const broken = judgeHistories(recorded).filter(({ verdict }) => verdict === 'violation');
    if (broken.length > 0) {
      return [...new Set(broken.map(({ object }) => object.split(' ')[0] ?? ''))];
    }
  }
  return [];
}

/** Two services over one DynamoDB, where one mistake at a time can be planted. */
export interface PlantingStage {
  /** See {@link playUntilBroken}. */
  play(mistake: Mistake | undefined, limit: Pick<Search, 'histories' | 'ms'>): Promise<readonly string[]>;
  stop(): Promise<void>;
}

/** Starts both services in this process, with a proxy before DynamoDB. */
export async function startPlantingStage(): Promise<PlantingStage> {
  const service = await startService();
  const { config } = service;
  let planted: Mistake | undefined;
  const proxy = await startWireProxy(config.dynamodb.endpoint ?? '', async (call, forward) => {
    await forward(planted?.store?.(call) ?? call.input);
  });
  const start = async (): Promise<NestExpressApplication> => {
    const app = await createServerApp({ ...config, dynamodb: { ...config.dynamodb, endpoint: proxy.endpoint } });
    await app.listen(0, '127.0.0.1');
    return app;
  };
  const apps = [await start(), await start()];
  const urls = await Promise.all(apps.map(async (app) => app.getUrl()));
  let calls = 0;
  const direct: Send = async (method, path, options) => callService(urls[calls++ % urls.length] ?? '', method, path, options);
  return {
    play: async (mistake, limit) => {
      const disturb = async (over: Promise<void>): Promise<void> => {
        planted = mistake;
        await over;
        planted = undefined;
      };
      return playUntilBroken(service, { send: mistake?.client?.(direct) ?? direct, disturb, ...limit });
    },
    stop: async () => {
      await Promise.all(apps.map(async (app) => app.close()));
      await proxy.stop();
      await service.stop();
    },
  };
}
