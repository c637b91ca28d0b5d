import 'reflect-metadata';
import type { Context, DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { runInContext } from '../common/http/request-context.js';
import { memoize } from '../common/async.js';
import { parseConfig } from '../config/config.js';
import { readEnvironment } from '../config/environment.js';
import { createWorker } from '../create-worker.js';
import { StreamHandler } from '../features/streams/stream-handler.js';
import { StreamsModule } from '../features/streams/streams.module.js';
import { DynamoDbModule } from '../platform/dynamodb/dynamodb.module.js';

/** What is kept of the function's time for its answer: without one, what is done is done again. */
const reserveMs = 2_000;

const boot = memoize(async () => {
  const worker = await createWorker(parseConfig(readEnvironment(), []), [DynamoDbModule, StreamsModule]);
  return worker.get(StreamHandler);
});

/** Works off a batch of the todos or the records table's stream; answers from which record on it is to be delivered again, if any. */
export const handler = async (
  event: DynamoDBStreamEvent,
  context: Pick<Context, 'awsRequestId' | 'getRemainingTimeInMillis'>,
): Promise<DynamoDBBatchResponse> => {
  const stream = await boot();
  const { awsRequestId } = context;
  const deadline = performance.now() + Math.max(0, context.getRemainingTimeInMillis() - reserveMs);
  return runInContext({ requestId: awsRequestId, awsRequestId, deadline, basePath: '' }, async () => stream.handle(event));
};
