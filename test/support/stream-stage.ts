import { afterEach, beforeEach, expect } from '@jest/globals';
import type { INestApplicationContext } from '@nestjs/common';
import type { Environment } from '../../src/config/config.js';
import { createWorker } from '../../src/create-worker.js';
import { StreamsModule } from '../../src/features/streams/streams.module.js';
import { DynamoDbModule } from '../../src/platform/dynamodb/dynamodb.module.js';
import { type EventBridgeStandIn, startEventBridge } from './aws/eventbridge.js';
import { type SignedUp, startService, type TestService } from './service.js';

/** What a spec of the tables' streams works with, from {@link start} to {@link stop}. */
export let bus: EventBridgeStandIn;
export let service: TestService;
export let worker: INestApplicationContext;
/** Another one in each test. */
export let user: SignedUp;

/** Starts a service and a worker, with a stand-in for EventBridge. */
export async function start(environment: Environment = {}): Promise<void> {
  bus = await startEventBridge();
  service = await startService({ EVENT_BUS_NAME: 'duet-test', EVENTBRIDGE_ENDPOINT: bus.endpoint, ...environment });
  worker = await createWorker(service.config, [DynamoDbModule, StreamsModule]);
}

export async function stop(): Promise<void> {
  await worker?.close();
  await service?.stop();
  await bus?.stop();
}

beforeEach(async () => {
  user = await service.signUp();
});

afterEach(() => {
  bus.recover();
});

/** A call of the test's user that has to succeed; gives the body. */
export const call = async (method: string, path: string, body?: unknown): Promise<any> => {
  const answer = await service.call(method, path, { token: user.accessToken, ...(body !== undefined && { body }) });
  expect([200, 201, 204]).toContain(answer.status);
  return answer.body;
};
