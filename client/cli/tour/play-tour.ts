import { createDuetClient, type Service } from '../../index.js';
import { printable, type ShownExchange } from '../exchanges.js';
import { type CliSession, explain } from '../session.js';
import { steps } from './tour.js';
import { BrokenPromiseError, type Step, Tourist } from './tourist.js';

/** What became of a step. */
interface StepReport {
  readonly step: number;
  readonly name: string;
  readonly outcome: 'ok' | 'failed' | 'skipped';
  readonly detail: string;
  readonly durationMs: number;
  readonly requests: number;
  readonly exchanges?: readonly ShownExchange[];
}

interface PlayedStep {
  readonly report: StepReport;
  /** Whether what follows makes no sense any more. */
  readonly fatal: boolean;
}

/** Plays the tour, and shows what became of each step; its exit code is 1 when one was not as promised. */
export async function playTour(session: CliSession): Promise<void> {
  await session.guarded(async () => {
    const service = await session.findService();
    session.exitCode = await new TourPlayer(session).tour(service);
  });
}

class TourPlayer {
  constructor(private readonly session: CliSession) {}

  async tour(service: Service): Promise<number> {
    const duet = createDuetClient({ baseUrl: this.session.url, onExchange: this.session.note });
    const tourist = new Tourist(duet, this.session.url, service, this.session.note);
    const reports: StepReport[] = [];
    const startedAt = performance.now();
    const failed = { fatally: false };
    this.print(`${this.session.paint.strong('Duet, a guided tour')} ${this.session.paint.faint(this.session.url)}\n\n`);
    for (const [index, step] of steps.entries()) {
      const wanted = (!failed.fatally && !this.session.world.interruption.aborted) || step.always === true;
      const { report, fatal }: PlayedStep = wanted ? await this.play(step, index + 1, tourist) : { report: skipped(step, index + 1), fatal: false };
      failed.fatally ||= fatal;
      reports.push(report);
      this.print(this.stepLine(report));
      this.session.showExchanges();
      this.session.exchanges = [];
    }
    return this.summarise(service, reports, performance.now() - startedAt);
  }

  private async play(step: Step, number: number, tourist: Tourist): Promise<PlayedStep> {
    const startedAt = performance.now();
    const report = (outcome: StepReport['outcome'], detail: string): StepReport => ({
      step: number,
      name: step.name,
      outcome,
      detail,
      durationMs: Math.round(performance.now() - startedAt),
      requests: this.session.exchanges.length,
      ...(this.session.verbose && { exchanges: this.session.exchanges }),
    });
    try {
      return { report: report('ok', await step.play(tourist)), fatal: false };
    } catch (error) {
      const fatal = (error instanceof BrokenPromiseError ? error.fatal : undefined) ?? step.needed ?? false;
      return { report: report('failed', explain(error)), fatal };
    }
  }

  private summarise(service: Service, reports: readonly StepReport[], durationMs: number): number {
    const kept = reports.filter(({ outcome }) => outcome === 'ok').length;
    const requests = reports.reduce((sum, report) => sum + report.requests, 0);
    const ok = kept === reports.length;
    if (this.session.json) {
      this.session.world.out(
        `${JSON.stringify({ ok, url: this.session.url, service: service.version, durationMs: Math.round(durationMs), requests, steps: reports }, null, 2)}\n`,
      );
      return ok ? 0 : 1;
    }
    const verdict = `${kept} of ${reports.length} steps as promised`;
    this.print(`\n${ok ? this.session.paint.good(verdict) : this.session.paint.bad(verdict)}: ${requests} requests in ${Math.round(durationMs)} ms\n`);
    return ok ? 0 : 1;
  }

  private stepLine({ step, name, outcome, detail, durationMs }: StepReport): string {
    const { good, bad, faint } = this.session.paint;
    const mark = { ok: good('✓'), failed: bad('✗'), skipped: faint('-') }[outcome];
    const time = outcome === 'skipped' ? '' : `${durationMs} ms`;
    return `${mark} ${String(step).padStart(2)}  ${name.padEnd(38)} ${faint(time.padStart(8))}\n       ${outcome === 'failed' ? bad(printable(detail)) : faint(printable(detail))}\n`;
  }

  private print(text: string): void {
    if (!this.session.json) {
      this.session.world.out(text);
    }
  }
}

function skipped({ name }: Step, step: number): StepReport {
  return { step, name, outcome: 'skipped', detail: 'not tried', durationMs: 0, requests: 0 };
}
