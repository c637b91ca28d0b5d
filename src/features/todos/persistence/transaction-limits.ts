import type { TransactItem } from '../../../platform/dynamodb/idempotency.js';

// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
const mostItems = 100;
const mostBytes = 4_000_000;
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
const mostBytesPerItem = 400_000;

/** Whether DynamoDB takes these as one transaction. A write of one todo always fits. */
export function fitsTransaction(items: readonly TransactItem[]): boolean {
  const sizes = items.map(({ Put }) => (Put === undefined ? 0 : sizeOf(Put.Item)));
  return items.length <= mostItems && sizes.reduce((sum, size) => sum + size, 0) <= mostBytes && sizes.every((size) => size <= mostBytesPerItem);
}

// Not less than DynamoDB counts: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
function sizeOf(value: unknown): number {
  if (typeof value === 'string') {
    return Buffer.byteLength(value);
  }
  if (typeof value !== 'object' || value === null) {
    return 21;
  }
  return Object.entries(value).reduce((sum, [name, child]) => sum + (Array.isArray(value) ? 0 : Buffer.byteLength(name)) + 1 + sizeOf(child), 3);
}
