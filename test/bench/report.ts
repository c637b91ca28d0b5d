import type { Estimate } from './statistics.js';

/** One line of design section 8 held against what was measured. */
export interface Verdict {
  readonly measure: string;
  readonly budget: string;
  readonly measured: string;
  readonly met: boolean;
}

/** What one part of the bench found out: a table for people, the figures for programs, and the budgets it decides. */
export interface Section {
  readonly name: string;
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** What a reader of the table must know. */
  readonly notes?: readonly string[];
  readonly verdicts: readonly Verdict[];
  readonly figures: unknown;
}

/** A verdict on a ratio that may be `most` at the most: it is the median that decides, and the interval that says how sure that is. */
export function atMost(measure: string, ratio: Estimate, most: number): Verdict {
  return { measure, budget: `at most ${most}`, measured: withInterval(ratio), met: ratio.value <= most };
}

/** A verdict on a ratio that has to be 1, but for `tolerance` either way. */
export function within(measure: string, ratio: Estimate, tolerance: number): Verdict {
  return { measure, budget: `${1 - tolerance} to ${1 + tolerance}`, measured: withInterval(ratio), met: Math.abs(ratio.value - 1) <= tolerance };
}

/** `0.93 (0.90 to 0.97)` */
export function withInterval({ value, low, high }: Estimate): string {
  return `${value.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`;
}

/** A section as Markdown, aligned so that it reads as well in a terminal. */
export function renderSection({ title, columns, rows, notes = [] }: Section): string {
  return [`\n${title}`, ...table(columns, rows), ...notes.map((note) => `  ${note}`)].join('\n');
}

/** All budgets, met or missed. */
export function renderVerdicts(sections: readonly Section[]): string {
  const rows = sections.flatMap(({ verdicts }) => verdicts).map(({ measure, budget, measured, met }) => [measure, budget, measured, met ? 'met' : 'MISSED']);
  return ['\nBudgets (design, section 8)', ...table(['measure', 'budget', 'measured', ''], rows)].join('\n');
}

function table(columns: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const cells = (at: number) => rows.map((row) => row[at] ?? '');
  const widths = columns.map((column, at) => Math.max(column.length, ...cells(at).map(({ length }) => length)));
  // Numbers stand one below the other.
  const isNumeric = columns.map((_, at) => cells(at).every((cell) => cell === '' || /^[\d-]/.test(cell)));
  const line = (row: readonly string[]) =>
    `| ${widths.map((width, at) => (isNumeric[at] ? (row[at] ?? '').padStart(width) : (row[at] ?? '').padEnd(width))).join(' | ')} |`;
  const rule = `|${widths.map((width, at) => (isNumeric[at] ? `${'-'.repeat(width + 1)}:` : '-'.repeat(width + 2))).join('|')}|`;
  return [line(columns), rule, ...rows.map(line)];
}
