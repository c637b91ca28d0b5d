import type { Mistake } from './stage.js';

interface TransactItem {
  readonly Put?: Statement;
  readonly Update?: Statement;
  readonly Delete?: Statement;
  readonly ConditionCheck?: Statement;
}
interface Statement {
  readonly TableName: string;
  readonly Item?: Record<string, Attribute>;
  readonly Key?: Record<string, Attribute>;
  readonly ConditionExpression?: string;
}
interface Attribute {
  readonly S?: string;
  readonly N?: string;
}

const statementOf = (item: TransactItem): Statement => Object.values(item)[0] as Statement;
const keyOf = (item: TransactItem): string => (statementOf(item).Item ?? statementOf(item).Key)?.['itemKey']?.S ?? '';

/** Changes the statements of a transaction; those that become undefined are left out. */
function inTransactions(change: (item: TransactItem) => TransactItem | undefined): Mistake['store'] {
  return ({ operation, input }) =>
    operation === 'TransactWriteItems'
      ? { ...input, TransactItems: (input['TransactItems'] as TransactItem[]).map(change).filter((item) => item !== undefined) }
      : undefined;
}

/** A condition that always holds; its names and values stay in use, as DynamoDB demands. */
function unconditional(item: TransactItem): TransactItem {
  return Object.fromEntries(
    Object.entries(item).map(([kind, statement]: [string, Statement]) => [
      kind,
      statement.ConditionExpression === undefined
        ? statement
        : { ...statement, ConditionExpression: `(${statement.ConditionExpression}) OR attribute_not_exists(planted) OR attribute_exists(planted)` },
    ]),
  );
}

/** Mistakes between the service and DynamoDB: what is asked of it is changed. */
export const storeMistakes: Readonly<Record<string, Mistake>> = {
  'writes of a list that hold on no condition': {
    store: inTransactions((item) => (keyOf(item) === '' ? item : unconditional(item))),
    found: ['todo', 'list', 'key'],
  },
  'a count that is not in the transaction': {
    store: inTransactions((item) => (keyOf(item) === 'LIST' && item.Update ? undefined : item)),
    found: ['list', 'todo'],
  },
  'a keyed result that is not stored': { store: inTransactions((item) => (keyOf(item).startsWith('IDEM#') ? undefined : item)), found: ['key', 'list'] },
  'a new todo that is written elsewhere': {
    store: inTransactions((item) =>
      item.Put?.Item?.['version']?.N === '1' && keyOf(item).startsWith('TODO#')
        ? { Put: { ...item.Put, Item: { ...item.Put.Item, itemKey: { S: `${keyOf(item)}-elsewhere` } } } }
        : item,
    ),
    found: ['todo'],
  },
  'a title that is written in part': {
    store: inTransactions((item) => (item.Put?.Item?.['title'] ? { Put: { ...item.Put, Item: { ...item.Put.Item, title: { S: 'cut' } } } } : item)),
    found: ['todo'],
  },
  'a version that stays the same': {
    store: inTransactions((item) =>
      Number(item.Put?.Item?.['version']?.N ?? 0) > 1 ? { Put: { ...(item.Put as Statement), Item: { ...item.Put?.Item, version: { N: '1' } } } } : item,
    ),
    found: ['todo'],
  },
  'a deletion that deletes another': {
    store: inTransactions((item) =>
      item.Put?.Item?.['gone']
        ? { Put: { ...(unconditional(item).Put as Statement), Item: { ...item.Put.Item, itemKey: { S: `${keyOf(item)}-elsewhere` } } } }
        : item,
    ),
    found: ['todo'],
  },
  'a feed that begins behind the first change': {
    store: ({ operation, input }) =>
      operation === 'Query' && input['IndexName'] === 'byRevision' ? { ...input, ScanIndexForward: false, Limit: 1 } : undefined,
    found: ['todo'],
  },
  'a record that is made although there is one': {
    store: inTransactions((item) => (statementOf(item).TableName.endsWith('records') ? unconditional(item) : item)),
    found: ['record'],
  },
  'a visit that is counted twice': {
    store: ({ operation, input }) => {
      const values = input['ExpressionAttributeValues'] as Record<string, Attribute> | undefined;
      if (operation !== 'UpdateItem' || !String(input['TableName']).endsWith('counters') || values === undefined) return undefined;
      return {
        ...input,
        ExpressionAttributeValues: Object.fromEntries(
          Object.entries(values).map(([name, value]) => [name, 'N' in value ? { N: String(Number(value.N) * 2) } : value]),
        ),
      };
    },
    found: ['counter'],
  },
};
