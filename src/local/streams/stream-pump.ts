import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import type { INestApplicationContext } from '@nestjs/common';
import { withTimeout } from '../../common/async.js';
import type { Config } from '../../config/config.js';
import { isLoopback } from '../../config/variables.js';
import { StreamHandler } from '../../features/streams/stream-handler.js';
import { ownEndpoint } from '../../platform/aws/client-options.js';
import { Log } from '../../platform/observability/log.js';
import { StreamCheckpoint } from './stream-checkpoint.js';
import { TablePump } from './table-pump.js';
import { TtlSweeper } from './ttl-sweeper.js';

/** How long a batch in hand may take when we are asked to stop; it is then delivered again at the next start. */
const stopTimeoutMs = 3_000;

/** A running pump. */
export interface RunningPump {
  /** Ends it. What it has not reached is published after the next start. */
  stop(): Promise<void>;
}

/**
 * What the event source mappings and the TTL service do in production, for a local DynamoDB: hands the tables' stream records to the stream
 * function's handler, and removes expired items. Only with a server on this machine, never with AWS: there the functions do it.
 */
export function startStreamPump(app: INestApplicationContext, config: Config): RunningPump {
  const { endpoint } = config.dynamodb;
  if (config.lambda || endpoint === undefined || !isLoopback(new URL(endpoint).hostname)) {
    return { stop: async () => undefined };
  }
  const log = app.get(Log);
  const stopping = new AbortController();
  const options = {
    region: config.region,
    ...ownEndpoint(endpoint),
    maxAttempts: 1,
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 10_000, throwOnRequestTimeout: true },
  };
  const client = new DynamoDBClient(options);
  const streams = new DynamoDBStreamsClient(options);

  const run = async (): Promise<void> => {
    const handler = app.get(StreamHandler);
    const checkpoint = await StreamCheckpoint.open(config.dataDir, (text) => log.warn(text));
    const { todos, records } = config.dynamodb.tables;
    const pumps = [todos, records].map((table) => new TablePump(table, { client, streams, handler, checkpoint, log, signal: stopping.signal }));
    await Promise.all([...pumps.map(async (pump) => pump.run()), new TtlSweeper(client, config.dynamodb.tables, log, stopping.signal).run()]);
  };
  const running = run().catch((error: unknown) => log.error('the stream pump has ended: events wait until the next start', { error: error as object }));
  return {
    stop: async () => {
      stopping.abort();
      await withTimeout(
        stopTimeoutMs,
        async () => running,
        () => undefined,
      );
      client.destroy();
      streams.destroy();
    },
  };
}
