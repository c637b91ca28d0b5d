import { describe, expect, test } from '@jest/globals';
import type { ClaimedRow } from '../../../src/features/outbox/outbox.repository.js';
import { MemoryOutbox, type MemoryRow } from './memory-outbox.js';
import { chooseBy, everyWay } from './scheduler.js';
import { type Planted, SmallWorld } from './small-world.js';

// Real: what publishes, erases, sends mails, reads streams and archives. Made up: the stores, which memory-outbox.spec.ts holds to the real ones, the bus, the
// mail server, the clock, and who comes next. Seen failing: the planted mistakes below.

class WithoutLease extends MemoryOutbox {
  protected override claim(isDue: (row: MemoryRow) => boolean, limit: number): ClaimedRow[] {
    const rows = super.claim(isDue, limit);
    for (const { id } of rows) {
      Object.assign(this.table.rows.find((row) => row.id === id) ?? {}, { nextAttemptAt: this.table.now });
    }
    return rows;
  }
}

class WithoutOrder extends MemoryOutbox {
  protected override isOldestOfUser(): boolean {
    return true;
  }
}

/** Rows are done as soon as they are taken. */
class AtMostOnce extends MemoryOutbox {
  protected override claim(isDue: (row: MemoryRow) => boolean, limit: number): ClaimedRow[] {
    return super.claim(isDue, limit).map((claimed) => {
      const row = this.leased(claimed);
      if (row.kind !== 'user.deleted') Object.assign(row, { status: 'done', payload: {} });
      return claimed;
    });
  }

  override async markDone(row: ClaimedRow): Promise<void> {
    if (row.kind === 'user.deleted') await super.markDone(row);
  }
}

class KeepsPayloads extends MemoryOutbox {
  override async markDone(row: ClaimedRow): Promise<void> {
    await this.turn('mark as done');
    Object.assign(this.leased(row), { status: 'done', lease: null });
  }
}

class ForgetsToErase extends MemoryOutbox {
  override async claimErasure(): Promise<ClaimedRow | null> {
    await this.turn('claim an erasure');
    for (const row of this.table.rows.filter(({ kind }) => kind === 'user.deleted')) row.erasedAt ??= this.table.now;
    return null;
  }
}

const mistakes: Readonly<Record<string, Planted>> = {
  'a claim without a lease': { outbox: WithoutLease },
  'events that do not wait for the one before': { outbox: WithoutOrder },
  'rows that are done before their work': { outbox: AtMostOnce },
  'rows that keep what they were about': { outbox: KeepsPayloads },
  'a deletion that erases nothing': { outbox: ForgetsToErase },
  'an outbox row after the commit': { rowAfterCommit: true },
  'an event id by delivery': { eventId: ({ detail }, published) => `${detail.metadata.id}-${published}` },
  'a tombstone that comes last': { tombstoneLast: true },
  'a stream position that moves before the work': { forgetsBatch: true },
};

const seed = Number(process.env['DUET_HISTORIES_SEED'] ?? 20_261_126);
const randomWays = 1_500;

/** Looks for a way in which something is not as promised; null when there is none. */
async function findFault(planted: Planted = {}): Promise<{ ways: number; faults: readonly string[]; trace: readonly string[] }> {
  let found: SmallWorld | undefined;
  const run = async (choose: ConstructorParameters<typeof SmallWorld>[0]): Promise<boolean> => {
    const world = await new SmallWorld(choose, planted).run();
    found = world.faults.length > 0 ? world : undefined;
    return found === undefined;
  };
  let ways = await everyWay(1, run);
  for (let index = 0; found === undefined && index < randomWays; index += 1, ways += 1) {
    await run(chooseBy(seed + index));
  }
  return { ways, faults: found?.faults ?? [], trace: found?.trace ?? [] };
}

test(`Whatever comes next, and whoever is killed, each promise of the workers is kept (seed ${seed})`, async () => {
  const { ways, faults, trace } = await findFault();
  expect({ faults, trace }).toEqual({ faults: [], trace: [] });
  expect(ways).toBeGreaterThan(randomWays);
  process.stdout.write(`Small world: ${ways} ways\n`);
}, 240_000);

describe('A mistake is found:', () => {
  test.each(Object.entries(mistakes))(
    '%s',
    async (_, planted) => {
      expect((await findFault(planted)).faults).not.toEqual([]);
    },
    240_000,
  );
});
