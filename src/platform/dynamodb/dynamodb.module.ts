import { Global, Module } from '@nestjs/common';
import { DynamoDb } from './dynamodb.js';

/** Gives every feature's persistence the DynamoDB door. */
@Global()
@Module({ providers: [DynamoDb], exports: [DynamoDb] })
export class DynamoDbModule {}
