import type { Histories, Judgement } from './workload.js';

/** What a run of histories came to. */
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

const columns = ['histories', 'operations', 'unknown', 'objects', 'inconclusive', 'violations', 'seconds'] as const satisfies readonly (keyof Totals)[];
const nothing: Totals = { histories: 0, operations: 0, unknown: 0, objects: 0, inconclusive: 0, violations: 0, seconds: 0 };

/** Counts what was played and judged, by what disturbed it. */
export class Tally {
  private readonly rows = new Map<string, Totals>();

  add(disturbance: string, histories: number, { requests, unknown }: Histories, judged: readonly Judgement[], seconds: number): void {
    const row = this.rows.get(disturbance) ?? { ...nothing };
    const having = (verdict: Judgement['verdict']): number => judged.filter((judgement) => judgement.verdict === verdict).length;
    row.histories += histories;
    row.operations += requests;
    row.unknown += unknown;
    row.objects += judged.length;
    row.inconclusive += having('inconclusive');
    row.violations += having('violation');
    row.seconds += seconds;
    this.rows.set(disturbance, row);
  }

  get total(): Totals {
    const total = { ...nothing };
    for (const row of this.rows.values()) {
      columns.forEach((column) => (total[column] += row[column]));
    }
    return total;
  }

  /** As a table of Markdown; `seconds` in all, with what stands between the histories. */
  table(seconds: number): string {
    const line = (name: string, row: Totals): string =>
      `| ${[name.padEnd(28), ...columns.map((column) => String(Math.round(row[column])).padStart(column.length))].join(' | ')} |`;
    const { total } = this;
    return [
      `| ${['disturbed by'.padEnd(28), ...columns].join(' | ')} |`,
      `| ${['-'.repeat(28), ...columns.map((column) => `${'-'.repeat(column.length - 1)}:`)].join(' | ')} |`,
      ...[...this.rows].map(([name, row]) => line(name, row)),
      line('all', { ...total, seconds }),
      '',
      `${Math.round(total.operations / seconds)} operations and ${(total.histories / seconds).toFixed(1)} histories a second`,
      '',
    ].join('\n');
  }
}
