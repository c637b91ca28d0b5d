import type { Histories, Judgement } from './workload.js';

/** What histories under one disturbance came to. */
export interface Totals {
  histories: number;
  /** Requests, each with its outcome. */
  operations: number;
  /** Of which: those that may have happened, or not. */
  unknown: number;
  objects: number;
  inconclusive: number;
  violations: number;
  seconds: number;
}

/** What was judged of one kind of object. */
interface Judged {
  objects: number;
  /** A request may be an operation on several objects. */
  operations: number;
  linearizable: number;
  inconclusive: number;
  violations: number;
}

const totalColumns = ['histories', 'operations', 'unknown', 'objects', 'inconclusive', 'violations', 'seconds'] as const satisfies readonly (keyof Totals)[];
const judgedColumns = ['objects', 'operations', 'linearizable', 'inconclusive', 'violations'] as const satisfies readonly (keyof Judged)[];

/** Counts what was played and judged, by what disturbed it and by kind of object. */
export class Tally {
  private readonly byDisturbance = new Map<string, Totals>();
  private readonly byKind = new Map<string, Judged>();

  add(disturbance: string, histories: number, { requests, unknown }: Histories, judged: readonly Judgement[], seconds: number): void {
    const having = (verdict: Judgement['verdict']): number => judged.filter((judgement) => judgement.verdict === verdict).length;
    addTo(this.byDisturbance, disturbance, totalColumns, {
      histories,
      operations: requests,
      unknown,
      objects: judged.length,
      inconclusive: having('inconclusive'),
      violations: having('violation'),
      seconds,
    });
    for (const { object, operations, verdict } of judged) {
      addTo(this.byKind, object.split(' ')[0] ?? '', judgedColumns, {
        objects: 1,
        operations: operations.length,
        linearizable: Number(verdict === 'linearizable'),
        inconclusive: Number(verdict === 'inconclusive'),
        violations: Number(verdict === 'violation'),
      });
    }
  }

  get total(): Totals {
    const total = new Map<string, Totals>();
    for (const row of this.byDisturbance.values()) {
      addTo(total, 'all', totalColumns, row);
    }
    return total.get('all') ?? { histories: 0, operations: 0, unknown: 0, objects: 0, inconclusive: 0, violations: 0, seconds: 0 };
  }

  /** As tables of Markdown; `seconds` in all, with what stands between the histories. */
  report(seed: number, seconds: number): string {
    const { total } = this;
    const { histories, operations, objects, inconclusive, violations } = total;
    return [
      ...tableOf('disturbed by', totalColumns, [...this.byDisturbance, ['all', { ...total, seconds }]]),
      '',
      ...tableOf('object', judgedColumns, [...this.byKind].sort()),
      '',
      `Seed ${seed}: ${operations} operations in ${histories} histories within ${Math.round(seconds)} s (${Math.round(operations / seconds)} and ${(histories / seconds).toFixed(1)} a second);`,
      `of ${objects} objects ${violations} violations, ${((100 * inconclusive) / Math.max(objects, 1)).toFixed(2)} % inconclusive.`,
      '',
    ].join('\n');
  }
}

function addTo<Column extends string>(
  rows: Map<string, Record<Column, number>>,
  name: string,
  columns: readonly Column[],
  counts: Readonly<Record<Column, number>>,
): void {
  const row = rows.get(name);
  rows.set(name, Object.fromEntries(columns.map((column) => [column, (row?.[column] ?? 0) + counts[column]])) as Record<Column, number>);
}

function tableOf<Column extends string>(
  title: string,
  columns: readonly Column[],
  rows: readonly (readonly [string, Readonly<Record<Column, number>>])[],
): string[] {
  return [
    `| ${[title.padEnd(28), ...columns].join(' | ')} |`,
    `| ${['-'.repeat(28), ...columns.map((column) => `${'-'.repeat(column.length - 1)}:`)].join(' | ')} |`,
    ...rows.map(([name, row]) => `| ${[name.padEnd(28), ...columns.map((column) => String(Math.round(row[column])).padStart(column.length))].join(' | ')} |`),
  ];
}
