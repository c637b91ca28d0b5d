import type { DomainEvent } from '../../../src/features/events/domain-event.js';
import type { User } from '../../../src/features/users/user.js';
import type { OutgoingMail } from '../../../src/platform/mail/mailer.js';
import { MemoryTable } from './memory-outbox.js';
import { MemoryTodosTable } from './memory-todos.js';

/** Ada is deleted, Bob stays. */
export const [ada, bob] = ['019e3a5c-7b1e-7c3a-9d52-3f8f6f0a1b2c', '019e3a5c-7b1e-7c3a-9d52-3f8f6f0a1b2d'] as const;
const todosTableName = 'duet-local-todos';

/** All that is stored, and what has left for the bus and for mailboxes. */
export class MemoryStores {
  readonly table = new MemoryTable();
  readonly todosTable = new MemoryTodosTable(todosTableName);
  readonly records = new Set<string>();
  readonly users = new Map<string, User>();
  /** What has to be published of users, in the order in which it was committed. */
  readonly owed: { readonly id: string; readonly userId: string; readonly kind: string }[] = [];
  readonly published: DomainEvent[] = [];
  readonly mails: OutgoingMail[] = [];
  readonly tokens: string[] = [];
  /** Whether a worker's lease may have ended before its work. */
  leasesEnded = false;

  get isUnfinished(): boolean {
    return this.table.rows.some(({ status }) => status === 'pending');
  }

  /** What is left of a user that ought to be erased. */
  remainsOf(userId: string): string[] {
    const { deletedAt, listed, archived } = this.todosTable.of(userId);
    return [
      deletedAt === null && 'no tombstone',
      listed.size > 0 && 'a todo',
      archived.size > 0 && 'an archived todo',
      this.records.has(userId) && 'a record',
    ].filter((what) => what !== false);
  }
}

/** What is not as the workers promise, once all has been done. */
export function brokenPromises(stores: MemoryStores, isKilled: boolean): string[] {
  const { table, todosTable, owed, published, mails, tokens } = stores;
  const ids = published.map(({ detail }) => detail.metadata.id);
  const firsts = published.filter((_, index) => ids.indexOf(ids[index] ?? '') === index);
  const kept = JSON.stringify([table.rows, published]);
  const known = new Set(owed.map(({ id }) => id));
  const { archivals, archived } = todosTable.of(bob);
  const checks: readonly [isBroken: boolean, what: string][] = [
    [stores.isUnfinished, 'There is work that is never done'],
    [owed.some(({ id }) => !ids.includes(id)), 'A change of a user was never published'],
    [[ada, bob].some((userId) => !isInOrder(stores, userId, firsts)), 'The events of a user were published in another order than they happened'],
    [firsts.some(({ name, detail }) => name.startsWith('user.') && !known.has(detail.metadata.id)), 'An event was published again under another id'],
    [firsts.length < ids.length && !isKilled && !stores.leasesEnded, 'An event was published twice, and nothing was lost on the way'],
    [stores.remainsOf(ada).length > 0, `Of a deleted user there remains: ${stores.remainsOf(ada).join(', ')}`],
    [table.rows.some(({ payload }) => JSON.stringify(payload) !== '{}'), 'A row keeps what it was about'],
    [tokens.some((token) => kept.includes(token)), 'A token stands in a row or an event'],
    [new Set(mails.filter(({ to }) => to.startsWith(bob)).map(({ id }) => id)).size !== 2, 'A mail was not sent'],
    [archivals.length !== 1 || archived.size !== 1, `What expired was archived ${archivals.length} times`],
  ];
  return [...checks.flatMap(([isBroken, what]) => (isBroken ? [what] : [])), ...brokenOfTodos(todosTable, firsts)];
}

function isInOrder({ owed }: MemoryStores, userId: string, firsts: readonly DomainEvent[]): boolean {
  const order = owed.filter((one) => one.userId === userId).map(({ id }) => id);
  return (
    firsts
      .map(({ detail }) => detail.metadata.id)
      .filter((id) => order.includes(id))
      .join() === order.join()
  );
}

/** Of each change of a todo there is an event, and those of one todo are in order. */
function brokenOfTodos({ stream }: MemoryTodosTable, firsts: readonly DomainEvent[]): string[] {
  const changes = new Map<string, number>();
  for (const { dynamodb } of stream) {
    const id = /"id":\{"S":"([^"]+)"/.exec(JSON.stringify(dynamodb?.NewImage ?? dynamodb?.OldImage))?.[1] ?? '';
    changes.set(id, (changes.get(id) ?? 0) + 1);
  }
  return [...changes].flatMap(([id, count]) => {
    const versions = firsts.flatMap(({ name, detail: { data } }) =>
      name.startsWith('todo.') && (data as { id: string }).id === id ? [(data as { version: number }).version] : [],
    );
    return [
      ...(versions.length === count ? [] : [`${versions.length} events of ${count} changes of a todo were published`]),
      ...(versions.some((version, index) => version < (versions[index - 1] ?? 0)) ? ['The events of a todo were published in another order'] : []),
    ];
  });
}
