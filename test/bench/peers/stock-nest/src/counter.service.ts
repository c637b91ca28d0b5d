import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { Injectable } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
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
  private readonly client: DynamoDBDocumentClient;
  private readonly table: string;

  constructor(config: ConfigService) {
    this.client = DynamoDBDocumentClient.from(new DynamoDBClient({ region: config.get('AWS_REGION'), endpoint: config.get('DYNAMODB_ENDPOINT') }));
    this.table = config.getOrThrow('COUNTERS_TABLE_NAME');
  }

  async read(): Promise<CounterDto> {
    const { Item } = await this.client.send(new GetCommand({ TableName: this.table, Key: { counterId }, ConsistentRead: true }));
    return { counterId, visitCount: Item?.['visitCount'] ?? 0, lastUpdated: Item?.['lastUpdated'] ?? null };
  }

  async count(by: number): Promise<CounterDto> {
    const { Attributes } = await this.client.send(
      new UpdateCommand({
        TableName: this.table,
        Key: { counterId },
        UpdateExpression: 'ADD visitCount :by SET lastUpdated = :now',
        ExpressionAttributeValues: { ':by': by, ':now': new Date().toISOString() },
        ReturnValues: 'ALL_NEW',
      }),
    );
    return { counterId, visitCount: Attributes?.['visitCount'], lastUpdated: Attributes?.['lastUpdated'] };
  }
}
