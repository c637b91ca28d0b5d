import { describe, expect, test } from '@jest/globals';
import { unknownCalls } from '../support/aws/call-recorder.js';
import { calledActions } from '../support/aws/called-actions.js';

describe('the permissions that a call needs', () => {
  const tables = new Map([
    ['t', 'todos'],
    ['a', 'archive'],
  ]);

  test.each([
    ['a read', 'DynamoDB_20120810.GetItem', { TableName: 't' }, ['dynamodb:GetItem todos']],
    ['a query', 'DynamoDB_20120810.Query', { TableName: 't' }, ['dynamodb:Query todos']],
    ['a query of an index, whose table needs none', 'DynamoDB_20120810.Query', { TableName: 't', IndexName: 'byDue' }, ['dynamodb:Query todos/index/byDue']],
    [
      'a batch, on each table',
      'DynamoDB_20120810.BatchWriteItem',
      { RequestItems: { t: [], a: [] } },
      ['dynamodb:BatchWriteItem todos', 'dynamodb:BatchWriteItem archive'],
    ],
    [
      'a transaction, by its elements',
      'DynamoDB_20120810.TransactWriteItems',
      { TransactItems: [{ Put: { TableName: 'a' } }, { Update: { TableName: 't' } }, { Delete: { TableName: 't' } }, { ConditionCheck: { TableName: 't' } }] },
      ['dynamodb:PutItem archive', 'dynamodb:UpdateItem todos', 'dynamodb:DeleteItem todos', 'dynamodb:ConditionCheckItem todos'],
    ],
    ['a reading transaction', 'DynamoDB_20120810.TransactGetItems', { TransactItems: [{ Get: { TableName: 't' } }] }, ['dynamodb:GetItem todos']],
    ['events', 'AWSEvents.PutEvents', { Entries: [{ EventBusName: 'bus' }] }, ['events:PutEvents bus']],
    [
      'a secret',
      'secretsmanager.GetSecretValue',
      { SecretId: 'arn:aws:secretsmanager:us-east-1:123456789012:secret:signing-key-AbCdEf' },
      ['secretsmanager:GetSecretValue signing-key'],
    ],
    ['a mail', '/v2/email/outbound-emails', {}, ['ses:SendEmail mail']],
  ] as const)('of %s', (_, target, body, expected) => {
    expect(calledActions(target, body, tables).map(({ action, resource }) => `${action} ${resource}`)).toEqual(expected);
  });

  test('are not guessed for a call that is not known', () => {
    expect(() => calledActions('DynamoDB_20120810.ExecuteStatement', {}, tables)).toThrow(/Which permissions does DynamoDB_20120810.ExecuteStatement need/);
  });
});

describe('a recorded call', () => {
  const known = { http: { 'dynamodb:GetItem': ['todos'] }, stream: { 'dynamodb:PutItem': ['archive'] } };

  test.each([
    ['is known of its own function', 'http', 'dynamodb:GetItem', 'todos', []],
    ['is unknown on another table', 'http', 'dynamodb:GetItem', 'records', ['http calls dynamodb:GetItem on records']],
    ['is unknown of another function', 'http', 'dynamodb:PutItem', 'archive', ['http calls dynamodb:PutItem on archive']],
    ['of the whole service is one of any function', 'any', 'dynamodb:PutItem', 'archive', []],
    ['of the whole service is otherwise unknown, too', 'any', 'dynamodb:PutItem', 'todos', ['any calls dynamodb:PutItem on todos']],
    ['that makes tables is for npm start alone', 'any', 'dynamodb:CreateTable', 'todos', []],
    ['that makes tables is for no function', 'migrate', 'dynamodb:CreateTable', 'todos', ['migrate calls dynamodb:CreateTable on todos']],
  ] as const)('%s', (_, name, action, resource, unknown) => {
    expect(unknownCalls(name, { [action]: { [resource]: 1 } }, known)).toEqual(unknown);
  });
});
