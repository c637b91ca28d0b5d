import { type AttributeValue, type DynamoDBClient, GetItemCommand, UpdateItemCommand, type UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import { isConditionFailed } from '../dynamodb/transactions.js';
import { type Change, counterName, isRefused, nowSeconds, openWindow, type Outcome, type Window, type Windows } from './counters.js';

type Item = Readonly<Record<string, AttributeValue>>;

// A counter is two attributes of its item, named after it: how many, and when its window closes.
const usedPrefix = 'n.';
const endPrefix = 'e.';
/** How often a change is tried anew when others changed the same item in between. */
const maxTries = 8;
/** How many closed windows one write clears away: an update expression may hold 300 operators, and no write opens more than two. */
const maxCleared = 10;

/**
 * Counters in DynamoDB, which all instances share: a key's counters are one item, and its changes one `UpdateItem` on condition that each window is still the one
 * that was read, and that each place taken is there. The item expires an hour after its last change, when every window has closed.
 */
export class DynamoCounters {
  constructor(
    private readonly client: DynamoDBClient,
    private readonly tableName: string,
  ) {}

  /** The windows of a key's item. */
  async read(key: string): Promise<Windows> {
    const { Item } = await this.client.send(new GetItemCommand({ TableName: this.tableName, Key: { key: { S: key } }, ConsistentRead: true }));
    return windowsIn(Item);
  }

  /** Makes all changes, or none when one is refused; `known` is what was read last, which may be out of date. */
  async apply(key: string, changes: readonly Change[], known: Windows): Promise<Outcome> {
    let windows = known;
    for (let tries = 0; tries < maxTries; tries += 1) {
      if (isRefused(windows, changes)) {
        return { windows, refused: true };
      }
      const update = updateOf(windows, changes, nowSeconds());
      if (update === null) {
        return { windows, refused: false };
      }
      try {
        const { Attributes } = await this.client.send(
          new UpdateItemCommand({ TableName: this.tableName, Key: { key: { S: key } }, ...update, ReturnValues: 'ALL_NEW' }),
        );
        return { windows: windowsIn(Attributes), refused: false };
      } catch (error) {
        if (!isConditionFailed(error)) throw error;
        windows = windowsIn((error as { Item?: Item }).Item);
      }
    }
    throw new Error(`A counter changed ${maxTries} times while it was being written`);
  }
}

function windowsIn(item: Item = {}): Windows {
  const windows = new Map<string, Window>();
  for (const [attribute, { N: endsAt }] of Object.entries(item)) {
    if (attribute.startsWith(endPrefix)) {
      const name = attribute.slice(endPrefix.length);
      windows.set(name, { used: Number(item[usedPrefix + name]?.N ?? 0), endsAt: Number(endsAt) });
    }
  }
  return windows;
}

/** One update for all changes, or null when there is nothing to write. */
function updateOf(windows: Windows, changes: readonly Change[], now: number): Partial<UpdateItemCommandInput> | null {
  const parts = new ExpressionParts(now);
  for (const { act, counter } of changes) {
    const open = openWindow(windows, counter, now);
    const { policy } = counter;
    if (act === 'clear') {
      if (windows.has(counterName(counter))) parts.remove(counterName(counter));
    } else if (act === 'take') {
      if (open === undefined) parts.open(counterName(counter), now + policy.windowSeconds);
      else parts.add(counterName(counter), 1, open.endsAt, policy.quota);
    } else if (open !== undefined && open.used > 0) {
      parts.add(counterName(counter), -1, open.endsAt);
    }
  }
  if (parts.isEmpty) {
    return null;
  }
  const changed = new Set(changes.map(({ counter }) => counterName(counter)));
  const closed = [...windows].filter(([name, { endsAt }]) => endsAt <= now && !changed.has(name)).slice(0, maxCleared);
  closed.forEach(([name]) => parts.removeClosed(name));
  return parts.toUpdate(now + keptSeconds);
}

/** Longer than the longest window. */
const keptSeconds = 60 * 60;

class ExpressionParts {
  private readonly names: Record<string, string> = { '#expire': 'expire' };
  private readonly values: Record<string, AttributeValue>;
  private readonly set: string[] = [];
  private readonly adds: string[] = [];
  private readonly removes: string[] = [];
  private readonly conditions: string[] = [];

  constructor(now: number) {
    this.values = { ':now': { N: String(now) } };
  }

  get isEmpty(): boolean {
    return this.set.length + this.adds.length + this.removes.length === 0;
  }

  /** Opens a window with its first place taken, unless another request has opened one. */
  open(counter: string, endsAt: number): void {
    const { used, end } = this.attributes(counter);
    this.set.push(`${used} = ${this.value(1)}`, `${end} = ${this.value(endsAt)}`);
    this.conditions.push(`(attribute_not_exists(${end}) OR ${end} <= :now)`);
  }

  /** Adds to the window that ends then, below a limit. */
  add(counter: string, by: number, endsAt: number, limit?: number): void {
    const { used, end } = this.attributes(counter);
    this.adds.push(`${used} ${this.value(by)}`);
    this.conditions.push(`${end} = ${this.value(endsAt)}`, ...(limit === undefined ? [] : [`${used} < ${this.value(limit)}`]));
  }

  remove(counter: string): void {
    const { used, end } = this.attributes(counter);
    this.removes.push(used, end);
  }

  removeClosed(counter: string): void {
    this.remove(counter);
    const { end } = this.attributes(counter);
    this.conditions.push(`(attribute_not_exists(${end}) OR ${end} <= :now)`);
  }

  toUpdate(expire: number): Partial<UpdateItemCommandInput> {
    const clauses = [`SET ${[...this.set, `#expire = ${this.value(expire)}`].join(', ')}`];
    if (this.adds.length > 0) clauses.push(`ADD ${this.adds.join(', ')}`);
    if (this.removes.length > 0) clauses.push(`REMOVE ${this.removes.join(', ')}`);
    const condition = this.conditions.join(' AND ');
    const { ':now': now, ...values } = this.values;
    return {
      UpdateExpression: clauses.join(' '),
      ...(condition !== '' && { ConditionExpression: condition, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const }),
      ExpressionAttributeNames: this.names,
      // DynamoDB refuses a value that no expression uses.
      ExpressionAttributeValues: condition.includes(':now') && now !== undefined ? { ...values, ':now': now } : values,
    };
  }

  private attributes(counter: string): { readonly used: string; readonly end: string } {
    const known = Object.entries(this.names).find(([, name]) => name === usedPrefix + counter)?.[0];
    const suffix = known?.slice('#n'.length) ?? String(Object.keys(this.names).length);
    this.names[`#n${suffix}`] = usedPrefix + counter;
    this.names[`#e${suffix}`] = endPrefix + counter;
    return { used: `#n${suffix}`, end: `#e${suffix}` };
  }

  private value(number: number): string {
    const name = `:v${Object.keys(this.values).length}`;
    this.values[name] = { N: String(number) };
    return name;
  }
}
