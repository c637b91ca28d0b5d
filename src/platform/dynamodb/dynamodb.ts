import type { Agent } from 'node:http';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, type ServiceInputTypes, type ServiceOutputTypes } from '@aws-sdk/lib-dynamodb';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { AppConfig } from '../../config/config.module.js';
import type { DynamoDbConfig } from '../../config/config.js';
import type { StoreTimeouts } from '../../config/store-timeouts.js';
import { awsClientOptions } from '../aws/client-options.js';
import { isAborted, isUnavailable } from '../aws/errors.js';
import { StoreCalls } from '../store-call.js';

/** A command of the document client: `new PutCommand(...)` and its like. */
interface DocumentCommand<Output> {
  readonly input: object;
  // Only the output's type is carried: the client checks the rest.
  resolveMiddleware(...parameters: never[]): (...parameters: never[]) => Promise<{ output: Output }>;
}

const translate = {
  // A number that is larger than the safe integers is still exact: the body reader has refused those that are not.
  marshallOptions: { removeUndefinedValues: true, allowImpreciseNumbers: true },
  // The SDK would make a BigInt of it, which JSON cannot carry.
  unmarshallOptions: { wrapNumbers: Number },
};

/**
 * DynamoDB for the features: a document client with bounded time and retries set with intent, and network errors translated.
 * Errors that belong to the domain (conditions, conflicts) pass through for the persistence adapters to read.
 */
@Injectable()
export class DynamoDb implements OnApplicationShutdown {
  /** The tables' names. */
  readonly tables: DynamoDbConfig['tables'];
  private readonly endpoint: { readonly region: string; readonly endpoint?: string };
  private readonly timeouts: StoreTimeouts;
  private readonly calls: StoreCalls;
  // Made on first use: a client costs milliseconds of a cold start.
  private retryingClient: DynamoDBDocumentClient | undefined;
  private onceClient: DynamoDBDocumentClient | undefined;
  private readonly others: DynamoDBClient[] = [];

  constructor(config: AppConfig) {
    const { endpoint, tables } = config.dynamodb;
    this.tables = tables;
    this.timeouts = config.storeTimeouts;
    this.calls = new StoreCalls('dynamodb', this.timeouts);
    this.endpoint = { region: config.region, endpoint };
  }

  // Every write sent through it is conditional, carries a request token or can be repeated at any time, so a retry after a lost reply changes nothing twice.
  private get retrying(): DynamoDBDocumentClient {
    this.retryingClient ??= this.client(3);
    return this.retryingClient;
  }

  // For writes that are not: an `ADD` whose reply was lost would count twice, and a `SET` undo what was written in between.
  private get once(): DynamoDBDocumentClient {
    this.onceClient ??= this.client(1);
    return this.onceClient;
  }

  private client(maxAttempts: number): DynamoDBDocumentClient {
    return DynamoDBDocumentClient.from(this.bareClient(maxAttempts, this.timeouts), translate);
  }

  private bareClient(maxAttempts: number, timeouts: Pick<StoreTimeouts, 'connectMs' | 'tryMs'>): DynamoDBClient {
    const client = withoutDeadSockets(new DynamoDBClient(awsClientOptions({ ...this.endpoint, timeouts, maxAttempts })));
    // It copies what each call sends and is answered, for a logger that there is none of.
    client.middlewareStack.remove('loggerMiddleware');
    return client;
  }

  /**
   * Sends a command that may safely be sent again.
   *
   * @throws StoreUnavailableError when DynamoDB cannot be reached, or is throttling beyond the retries; ServiceBusyError when the request's time was up before
   * it could answer.
   */
  async send<Output extends ServiceOutputTypes>(command: DocumentCommand<Output>): Promise<Output> {
    return this.bounded(this.retrying, command);
  }

  /** Sends a command exactly once: for writes that would take effect twice. Throws as {@link send} does. */
  async sendOnce<Output extends ServiceOutputTypes>(command: DocumentCommand<Output>): Promise<Output> {
    return this.bounded(this.once, command);
  }

  /** A bare client with one try of `timeoutMs`, for a caller that would rather do without an answer than wait for it. Closed with the application. */
  failFastClient(timeoutMs: number): DynamoDBClient {
    const client = this.bareClient(1, { connectMs: timeoutMs, tryMs: timeoutMs });
    this.others.push(client);
    return client;
  }

  onApplicationShutdown(): void {
    for (const client of [this.retryingClient, this.onceClient, ...this.others]) {
      client?.destroy();
    }
  }

  private async bounded<Output extends ServiceOutputTypes>(client: DynamoDBDocumentClient, command: DocumentCommand<Output>): Promise<Output> {
    const call = this.calls.begin();
    try {
      const output = await client.send(command as unknown as Parameters<typeof client.send<ServiceInputTypes, Output>>[0], {
        abortSignal: AbortSignal.timeout(Math.ceil(call.limitMs)),
      });
      call.answered();
      return output;
    } catch (error) {
      if (isAborted(error)) {
        throw call.timeoutError(error);
      }
      if (isUnavailable(error)) {
        throw call.unavailableError(error);
      }
      call.answered();
      throw error;
    }
  }
}

/**
 * Makes a client close its idle connections when one has failed: after a thaw or a cut network all of them may be dead, and each
 * would cost a try. It stands behind the SDK's retries, so that the next try opens a connection of its own.
 */
function withoutDeadSockets(client: DynamoDBClient): DynamoDBClient {
  client.middlewareStack.add(
    (next) => async (args) => {
      try {
        return await next(args);
      } catch (error) {
        if (isUnavailable(error) && !answered(error)) {
          const handler = client.config.requestHandler as { httpHandlerConfigs(): Agents };
          const { httpAgent, httpsAgent } = handler.httpHandlerConfigs();
          for (const socket of [httpAgent, httpsAgent].flatMap((agent) => Object.values(agent?.freeSockets ?? {}).flatMap((sockets) => sockets ?? []))) {
            socket.destroy();
          }
        }
        throw error;
      }
    },
    { step: 'finalizeRequest', priority: 'low', name: 'withoutDeadSockets' },
  );
  return client;
}

interface Agents {
  readonly httpAgent?: Agent;
  readonly httpsAgent?: Agent;
}

function answered(error: unknown): boolean {
  return (error as { $response?: unknown }).$response !== undefined;
}
