import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { Injectable } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';

export class CounterDto {
  @ApiProperty()
  counterId!: string;

  @ApiProperty()
  visitCount!: number;

  @ApiProperty({ type: String, nullable: true })
  lastUpdated!: string | null;
}

const counterId = 'main_counter';

@Injectable()
export class CounterService {
  private readonly client = DynamoDBDocumentClient.from(
    new DynamoDBClient({ region: process.env['AWS_REGION'], endpoint: process.env['DYNAMODB_ENDPOINT'] }),
  );

  async read(): Promise<CounterDto> {
    const { Item } = await this.client.send(new GetCommand({ TableName: process.env['COUNTERS_TABLE_NAME'], Key: { counterId }, ConsistentRead: true }));
    return { counterId, visitCount: Item?.['visitCount'] ?? 0, lastUpdated: Item?.['lastUpdated'] ?? null };
  }

  async count(by: number): Promise<CounterDto> {
    const { Attributes } = await this.client.send(
      new UpdateCommand({
        TableName: process.env['COUNTERS_TABLE_NAME'],
        Key: { counterId },
        UpdateExpression: 'ADD visitCount :by SET lastUpdated = :now',
        ExpressionAttributeValues: { ':by': by, ':now': new Date().toISOString() },
        ReturnValues: 'ALL_NEW',
      }),
    );
    return { counterId, visitCount: Attributes?.['visitCount'], lastUpdated: Attributes?.['lastUpdated'] };
  }
}
