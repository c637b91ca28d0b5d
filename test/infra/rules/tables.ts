import { after } from '../mutate.js';
import { type Attributes, attributesOf, ofType } from '../plan.js';
import { type Check, type Rule, kebab, same, tableDefinitions, unless } from '../rule.js';

/** Keys, indexes, expiry, streams and class are those of infra/tables.json, the definition of the local stores. */
const tablesAreTheSharedDefinition: Check = (plan, { name: environment }) =>
  tableDefinitions.flatMap(([key, definition]) => {
    const name = `duet-${environment}-${kebab(key)}`;
    const table = attributesOf(plan, 'aws_dynamodb_table').find((candidate) => candidate['name'] === name);
    if (table === undefined) {
      return [`no table ${name}`];
    }
    const indexes = (table['local_secondary_index'] ?? []) as Attributes[];
    const planned: Attributes = {
      hash_key: table['hash_key'],
      range_key: table['range_key'] ?? null,
      // The provider shows the default as nothing.
      table_class: table['table_class'] ?? 'STANDARD',
      stream_enabled: table['stream_enabled'],
      stream_view_type: table['stream_view_type'] ?? null,
      ttl: ((table['ttl'] ?? []) as Attributes[]).map((ttl) => [ttl['attribute_name'], ttl['enabled']]),
      indexes: indexes.map((index) => [index['name'], index['range_key'], index['projection_type']]),
    };
    const expected: Attributes = {
      hash_key: definition.partitionKey,
      range_key: definition.sortKey ?? null,
      table_class: definition.tableClass,
      stream_enabled: definition.stream !== undefined,
      stream_view_type: definition.stream ?? null,
      ttl: definition.ttl === undefined ? [] : [[definition.ttl, true]],
      indexes: Object.entries(definition.localIndexes ?? {}).map(([index, { sortKey, projection }]) => [index, sortKey, projection]),
    };
    return Object.entries(expected).flatMap(([attribute, value]) =>
      unless(same(planned[attribute], value), `${name}: ${attribute} is ${JSON.stringify(planned[attribute])}, not ${JSON.stringify(value)}`),
    );
  });

/** On demand, encrypted, recoverable to any second of the last 35 days, and in production not to be deleted. */
const tablesAreSafe: Check = (plan, { name: environment }) => [
  ...unless(ofType(plan, 'aws_dynamodb_table').length === tableDefinitions.length, 'there are other tables than those of infra/tables.json'),
  ...attributesOf(plan, 'aws_dynamodb_table').flatMap((table) => [
    ...unless(table['billing_mode'] === 'PAY_PER_REQUEST', `${table['name']} is not on demand`),
    ...unless(table['server_side_encryption']?.[0]?.enabled === true, `${table['name']} is not encrypted with a key of the account`),
    ...unless(table['point_in_time_recovery']?.[0]?.enabled === true, `${table['name']} has no point-in-time recovery`),
    ...unless(environment === 'dev' || table['deletion_protection_enabled'] === true, `${table['name']} can be deleted`),
  ]),
];

export const tableRules: readonly Rule[] = [
  {
    promise: 'Tables have the keys, indexes, expiry and streams of infra/tables.json',
    check: tablesAreTheSharedDefinition,
    mutations: [
      { what: 'no expiry', change: (plan) => (after(plan, 'aws_dynamodb_table', 'todos')['ttl'] = []), says: /ttl is/ },
      {
        what: 'another key',
        change: (plan) => (after(plan, 'aws_dynamodb_table', 'records')['hash_key'] = 'userId'),
        says: /hash_key is/,
      },
      {
        what: 'a stream of keys only',
        change: (plan) => (after(plan, 'aws_dynamodb_table', 'todos')['stream_view_type'] = 'KEYS_ONLY'),
        says: /stream_view_type is/,
      },
      {
        what: 'an index that is missing',
        change: (plan) => (after(plan, 'aws_dynamodb_table', 'todos')['local_secondary_index'] = []),
        says: /indexes is/,
      },
      {
        what: 'a renamed table',
        change: (plan) => (after(plan, 'aws_dynamodb_table', 'todos')['name'] = 'duet-prod-todo'),
        says: /no table duet-prod-todos/,
      },
    ],
  },
  {
    promise: 'Tables are on demand, encrypted, recoverable and, in prod, protected from deletion',
    check: tablesAreSafe,
    mutations: [
      {
        what: 'no recovery',
        change: (plan) => (after(plan, 'aws_dynamodb_table', 'todos')['point_in_time_recovery'][0].enabled = false),
        says: /point-in-time/,
      },
      {
        what: 'no encryption',
        change: (plan) => (after(plan, 'aws_dynamodb_table', 'todos')['server_side_encryption'] = []),
        says: /not encrypted/,
      },
      {
        what: 'deletion allowed',
        change: (plan) => (after(plan, 'aws_dynamodb_table', 'todos')['deletion_protection_enabled'] = false),
        says: /can be deleted/,
      },
      {
        what: 'provisioned capacity',
        change: (plan) => (after(plan, 'aws_dynamodb_table', 'todos')['billing_mode'] = 'PROVISIONED'),
        says: /not on demand/,
      },
    ],
  },
];
