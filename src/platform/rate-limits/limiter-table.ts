import {
  DeleteItemCommand,
  type DeleteItemCommandInput,
  type DeleteItemCommandOutput,
  type DynamoDBClient,
  GetItemCommand,
  type GetItemCommandInput,
  type GetItemCommandOutput,
  UpdateItemCommand,
  type UpdateItemCommandInput,
  type UpdateItemCommandOutput,
} from '@aws-sdk/client-dynamodb';
import { isConditionFailed } from '../dynamodb/transactions.js';

/** The part of the SDK's aggregated client that rate-limiter-flexible calls once the table stands. */
export interface LimiterTable {
  getItem(input: GetItemCommandInput): Promise<GetItemCommandOutput>;
  updateItem(input: UpdateItemCommandInput): Promise<UpdateItemCommandOutput>;
  deleteItem(input: DeleteItemCommandInput): Promise<DeleteItemCommandOutput>;
}

/** Makes those calls with a bare client, so that the package does not carry every command of DynamoDB. */
export function limiterTable(client: DynamoDBClient, timeoutMs: number): LimiterTable {
  const bounded = (): { abortSignal: AbortSignal } => ({ abortSignal: AbortSignal.timeout(timeoutMs) });
  return {
    getItem: async (input) => client.send(new GetItemCommand(input), bounded()),
    updateItem: async (input) => client.send(new UpdateItemCommand(inWholeSeconds(input)), bounded()),
    deleteItem: async (input) => {
      try {
        return await client.send(new DeleteItemCommand(input), bounded());
      } catch (error) {
        // The library knows "there was none" by a field that only some versions of the SDK set.
        throw isConditionFailed(error) ? Object.assign(error as Error, { __type: 'ConditionalCheckFailedException' }) : error;
      }
    },
  };
}

// The library writes fractions of seconds; DynamoDB's TTL is specified for whole ones:
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/time-to-live-ttl-before-you-start.html
function inWholeSeconds(input: UpdateItemCommandInput): UpdateItemCommandInput {
  const values = input.ExpressionAttributeValues;
  const expiry = values?.[':new_expire']?.N;
  return expiry === undefined ? input : { ...input, ExpressionAttributeValues: { ...values, ':new_expire': { N: String(Math.ceil(Number(expiry))) } } };
}
