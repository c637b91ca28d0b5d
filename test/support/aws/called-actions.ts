/** A permission that a call needs: an action as IAM names it, and the resource by its name here. */
export interface CalledAction {
  /** `dynamodb:GetItem` */
  readonly action: string;
  /** A table's key in infra/tables.json, `todos/index/byDue`, the name of a bus, `signing-key`, `mail`. */
  readonly resource: string;
}

/** The keys of infra/tables.json by the tables' names. */
export type Tables = ReadonlyMap<string, string>;

type Body = Readonly<Record<string, any>>;

// A transaction is authorised by what its elements do, a batch by its own action on each table:
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
const elementActions: Readonly<Record<string, string>> = {
  Put: 'PutItem',
  Update: 'UpdateItem',
  Delete: 'DeleteItem',
  ConditionCheck: 'ConditionCheckItem',
  Get: 'GetItem',
};

/**
 * Which permissions a call needs, by its `X-Amz-Target`, or its path where a service knows calls by that, and its body.
 *
 * @throws Error for a call that is not known here: what it needs is to be added before a function may make it.
 */
export function calledActions(target: string, body: Body, tables: Tables): CalledAction[] {
  const [service = '', operation = ''] = target.split('.');
  const table = (name: unknown): string => tables.get(String(name)) ?? String(name);
  const onTable = (name: unknown, action = operation): CalledAction => ({ action: `dynamodb:${action}`, resource: table(name) });
  switch (service) {
    case 'DynamoDB_20120810':
      switch (operation) {
        case 'TransactWriteItems':
        case 'TransactGetItems':
          return (body['TransactItems'] as Record<string, Body>[])
            .flatMap((item) => Object.entries(item))
            .map(([kind, element]) => onTable(element['TableName'], elementActions[kind] ?? kind));
        case 'BatchGetItem':
        case 'BatchWriteItem':
          return Object.keys(body['RequestItems'] as object).map((name) => onTable(name));
        case 'Query':
        case 'Scan':
          return [
            {
              action: `dynamodb:${operation}`,
              resource: body['IndexName'] ? `${table(body['TableName'])}/index/${body['IndexName']}` : table(body['TableName']),
            },
          ];
        case 'ListTables':
          return [{ action: 'dynamodb:ListTables', resource: '*' }];
        case 'GetItem':
        case 'PutItem':
        case 'UpdateItem':
        case 'DeleteItem':
        case 'CreateTable':
        case 'DescribeTable':
        case 'DescribeTimeToLive':
        case 'UpdateTimeToLive':
          return [onTable(body['TableName'])];
        default:
          break;
      }
      break;
    case 'DynamoDBStreams_20120810':
      return [{ action: `dynamodb:${operation}`, resource: 'stream' }];
    case 'AWSEvents':
      if (operation === 'PutEvents') {
        return (body['Entries'] as Body[]).map((entry) => ({ action: 'events:PutEvents', resource: String(entry['EventBusName'] ?? 'default') }));
      }
      break;
    case 'secretsmanager':
      if (operation === 'GetSecretValue') {
        return [{ action: 'secretsmanager:GetSecretValue', resource: String(body['SecretId']).replace(/^arn:.*:secret:(.*)-\w{6}$/, '$1') }];
      }
      break;
    case '/v2/email/outbound-emails':
      return [{ action: 'ses:SendEmail', resource: 'mail' }];
    default:
      break;
  }
  throw new Error(`Which permissions does ${target} need? Say so in test/support/aws/called-actions.ts`);
}
