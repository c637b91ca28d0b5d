import fc from 'fast-check';
import { Judge, type Violation } from './answers.js';
import type { ContractDocument, Operation } from './document.js';
import { type Plan, Requests } from './requests.js';
import { curlOf, type ReceivedAnswer, send } from './wire.js';
import type { World } from './world.js';

/** A broken promise, in words and with what shows it. */
export interface Finding {
  readonly violations: readonly Violation[];
  /** For people: the operation, each broken rule, the request as a curl line, the answer, and how to see it again. */
  readonly report: string;
}

/** How requests are drawn: the same seed draws the same. */
export interface Draw {
  readonly seed: number;
  readonly runs: number;
  /** How often what fails is tried in smaller forms. */
  readonly shrinks?: number;
}

/** Sends generated requests to the service at a URL and holds every answer to the contract. */
export class ContractCheck {
  private readonly requests: Requests;
  private readonly judge: Judge;

  constructor(
    document: ContractDocument,
    private readonly world: World,
    private readonly url: string,
    private readonly counts: Counts,
  ) {
    this.requests = new Requests(document);
    this.judge = new Judge(document);
  }

  /** The smallest request found to break the contract, or undefined when every answer keeps to it. */
  async operation(operation: Operation, draw: Draw): Promise<Finding | undefined> {
    return firstBroken(this.requests.of(operation), draw, operation.id, async (plan) => this.try(plan));
  }

  private async try(plan: Plan): Promise<void> {
    const { request, hasToken, secrets } = await this.world.prepare(plan);
    const answer = await send(this.url, request);
    this.counts.add(plan.operation.id, answer.status);
    const { operation, fault, trespasses, expected } = plan;
    const violations = this.judge.violations({ operation, answer, fault, hasToken, trespasses, expected, limit: limitOf(plan), secrets });
    if (violations.length > 0) {
      throw new BrokenContract(
        violations,
        reportOf(`${operation.id} (${operation.method} ${operation.path})`, violations, [curlOf(this.url, request)], answer),
      );
    }
  }
}

/** Thrown at the first broken promise, so that fast-check looks for a smaller way to break it. */
export class BrokenContract extends Error implements Finding {
  constructor(
    readonly violations: readonly Violation[],
    readonly report: string,
  ) {
    super(report);
  }
}

/** Tries what an arbitrary makes until something breaks the contract, and then smaller things; undefined when nothing does. */
export async function firstBroken<T>(
  arbitrary: fc.Arbitrary<T>,
  { seed, runs, shrinks: mostShrinks = 300 }: Draw,
  name: string,
  attempt: (value: T) => Promise<void>,
): Promise<Finding | undefined> {
  let shrinks = 0;
  const tried = fc.asyncProperty(arbitrary, async (value) => {
    // A value that passes ends the search in its direction.
    if (shrinks > mostShrinks) {
      return;
    }
    shrinks += shrinks > 0 ? 1 : 0;
    try {
      await attempt(value);
    } catch (error) {
      shrinks = Math.max(shrinks, 1);
      throw error;
    }
  });
  const { failed, errorInstance } = await fc.check(tried, { seed, numRuns: runs });
  if (!failed) {
    return undefined;
  }
  if (!(errorInstance instanceof BrokenContract)) {
    throw errorInstance;
  }
  const { violations, report } = errorInstance;
  return { violations, report: `${report}\n  again: npm run test:contract -- --seed ${seed} --runs ${runs} --only ${name}` };
}

/** What a page may have at most; 25 when the request does not say (design, section 2). */
function limitOf({ query }: Plan): number {
  return Number(query.find(([name]) => name === 'limit')?.[1] ?? 25);
}

/** The report of a finding, a line a rule. */
export function reportOf(name: string, violations: readonly Violation[], curls: readonly string[], { status, text }: ReceivedAnswer): string {
  return [
    `${name} breaks the contract:`,
    ...violations.map(({ rule, detail }) => `  ${rule}: ${detail}`),
    ...curls.map((curl) => `  ${curl}`),
    `  answered ${status} ${text.length > 600 ? `${text.slice(0, 600)}…` : text}`,
  ].join('\n');
}

/** How many answers of which kind each operation has given. */
export class Counts {
  private readonly rows = new Map<string, Map<string, number>>();

  add(operationId: string, status: number): void {
    const row = this.rows.get(operationId) ?? new Map<string, number>();
    const kind = status === 304 ? '304' : `${Math.floor(status / 100)}xx`;
    row.set(kind, (row.get(kind) ?? 0) + 1);
    this.rows.set(operationId, row);
  }

  /** All answers counted. */
  get total(): number {
    return [...this.rows.values()].flatMap((row) => [...row.values()]).reduce((sum, count) => sum + count, 0);
  }

  /** A line an operation, in the contract's order, and the sum. */
  table({ operations }: ContractDocument): string {
    const kinds = ['2xx', '304', '4xx', '5xx'];
    const counted = (ids: readonly string[], kind: string) => ids.reduce((sum, id) => sum + (this.rows.get(id)?.get(kind) ?? 0), 0);
    const line = (name: string, route: string, ids: readonly string[]) => {
      const counts = kinds.map((kind) => counted(ids, kind));
      const sum = counts.reduce((total, count) => total + count, 0);
      return `${name.padEnd(15)}${route.padEnd(27)}${[sum, ...counts].map((count) => String(count).padStart(9)).join('')}`;
    };
    return [
      `${'operation'.padEnd(15)}${'route'.padEnd(27)}${['requests', ...kinds].map((head) => head.padStart(9)).join('')}`,
      ...operations.map(({ id, method, path }) => line(id, `${method} ${path}`, [id])),
      line(
        'total',
        '',
        operations.map(({ id }) => id),
      ),
    ].join('\n');
  }
}
