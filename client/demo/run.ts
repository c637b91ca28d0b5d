import { homedir } from 'node:os';
import { join } from 'node:path';
import { createDuetClient, DuetConnectionError, DuetError, type DuetClient, type Exchange, type Service } from '../index.js';
import { type CommandLine, help, parseCommandLine, UsageError } from './command-line.js';
import { explain, findCommand } from './commands.js';
import { exchangeLines, Paint, printable, shown, type ShownExchange } from './report.js';
import { SavedSessions } from './saved-session.js';
import { BrokenPromiseError, type Step, steps, Tourist, versionMismatch } from './tour.js';

/** The world around the demo. */
export interface DemoWorld {
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether people watch: standard output is a terminal. */
  readonly terminal: boolean;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Asks for a password without echo; undefined where nobody can be asked. */
  readonly askPassword?: (question: string) => Promise<string>;
  /** Aborted when the tour is to end early; the user it made is erased nevertheless. */
  readonly interruption: AbortSignal;
}

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

/** Plays what the command line asks for; gives the exit code. */
export async function runDemo(world: DemoWorld): Promise<number> {
  try {
    const line = parseCommandLine(world.args);
    if (line.values.help === true || line.words[0] === 'help') {
      world.out(help);
      return 0;
    }
    return await new Demo(world, line).run();
  } catch (error) {
    if (error instanceof UsageError) {
      world.err(`${error.message}. See npm run demo -- --help\n`);
      return 2;
    }
    throw error;
  }
}

class Demo {
  private readonly url: string;
  private readonly json: boolean;
  private readonly verbose: boolean;
  private readonly paint: Paint;
  private exchanges: ShownExchange[] = [];

  constructor(
    private readonly world: DemoWorld,
    private readonly line: CommandLine,
  ) {
    const { environment, terminal } = world;
    this.url = (environment['DUET_URL'] || 'http://localhost:3000').replace(/\/+$/, '');
    this.json = line.values.json === true;
    this.verbose = line.values.verbose === true;
    // https://no-color.org: any value but the empty one.
    this.paint = new Paint(terminal && !this.json && !environment['NO_COLOR']);
  }

  async run(): Promise<number> {
    const tour = this.line.words.length === 0 || (this.line.words.length === 1 && this.line.words[0] === 'tour');
    const command = tour ? undefined : findCommand(this.line, { given: this.world.environment['DUET_PASSWORD'], ask: this.world.askPassword });
    try {
      const service = await this.findService();
      return await (command === undefined ? this.tour(service) : this.command(command, service));
    } catch (error) {
      if (error instanceof UsageError) {
        throw error;
      }
      return this.giveUp(error instanceof DuetConnectionError ? this.explainConnection(error) : explain(error), error);
    }
  }

  /** @throws DuetConnectionError when Duet is not there, or is something else. */
  private async findService(): Promise<Service> {
    // A cold start takes seconds; whoever waits for something that hangs should know before long.
    const service = await createDuetClient({ baseUrl: this.url, timeoutMs: 5_000, retries: 1, onExchange: this.note }).service();
    if (service.name !== 'duet') {
      throw new DuetConnectionError('not_duet', 'It answers, but not as Duet.', { method: 'GET', url: this.url });
    }
    return service;
  }

  private async command(command: (duet: DuetClient) => Promise<{ data: unknown; text: string }>, service: Service): Promise<number> {
    const mismatch = versionMismatch(service);
    if (mismatch !== undefined) {
      this.world.err(`Careful: ${printable(mismatch)}.\n`);
    }
    const { environment } = this.world;
    const sessions = new SavedSessions(environment['DUET_SESSION_FILE'] || join(homedir(), '.duet-session.json'));
    const duet = createDuetClient({
      baseUrl: this.url,
      session: await sessions.load(this.url),
      onSession: (session) => sessions.save(this.url, session),
      onExchange: this.note,
    });
    try {
      const { data, text } = await command(duet);
      this.showExchanges();
      this.world.out(this.json ? `${JSON.stringify(data, null, 2)}\n` : `${text.split('\n').map(printable).join('\n')}\n`);
      return 0;
    } finally {
      await sessions.saved();
    }
  }

  private async tour(service: Service): Promise<number> {
    const duet = createDuetClient({ baseUrl: this.url, onExchange: this.note });
    const tourist = new Tourist(duet, this.url, service);
    const reports: StepReport[] = [];
    const startedAt = performance.now();
    const failed = { fatally: false };
    this.print(`${this.paint.strong('Duet, a guided tour')} ${this.paint.faint(this.url)}\n\n`);
    for (const [index, step] of steps.entries()) {
      const wanted = (!failed.fatally && !this.world.interruption.aborted) || step.always === true;
      const { report, fatal }: PlayedStep = wanted ? await this.play(step, index + 1, tourist) : { report: skipped(step, index + 1), fatal: false };
      failed.fatally ||= fatal;
      reports.push(report);
      this.print(this.stepLine(report));
      this.showExchanges();
      this.exchanges = [];
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
      requests: this.exchanges.length,
      ...(this.verbose && { exchanges: this.exchanges }),
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
    if (this.json) {
      this.world.out(
        `${JSON.stringify({ ok, url: this.url, service: service.version, durationMs: Math.round(durationMs), requests, steps: reports }, null, 2)}\n`,
      );
      return ok ? 0 : 1;
    }
    const verdict = `${kept} of ${reports.length} steps as promised`;
    this.print(`\n${ok ? this.paint.good(verdict) : this.paint.bad(verdict)}: ${requests} requests in ${Math.round(durationMs)} ms\n`);
    return ok ? 0 : 1;
  }

  private stepLine({ step, name, outcome, detail, durationMs }: StepReport): string {
    const { good, bad, faint } = this.paint;
    const mark = { ok: good('✓'), failed: bad('✗'), skipped: faint('-') }[outcome];
    const time = outcome === 'skipped' ? '' : `${durationMs} ms`;
    return `${mark} ${String(step).padStart(2)}  ${name.padEnd(38)} ${faint(time.padStart(8))}\n       ${outcome === 'failed' ? bad(printable(detail)) : faint(printable(detail))}\n`;
  }

  private giveUp(message: string, error: unknown): number {
    this.showExchanges();
    if (this.json) {
      const { code, reason, status } = error as { code?: string; reason?: string; status?: number };
      this.world.out(`${JSON.stringify({ ok: false, url: this.url, error: { message, code: code ?? reason, status } }, null, 2)}\n`);
    } else {
      this.world.err(`${this.paint.bad(printable(message))}\n`);
    }
    // What nobody foresaw is a fault of the demo: whoever looks for it wants to know where.
    if (this.verbose && error instanceof Error && !(error instanceof DuetError)) {
      this.world.err(`${error.stack ?? ''}\n`);
    }
    return 1;
  }

  private explainConnection(error: DuetConnectionError): string {
    const elsewhere = 'or set DUET_URL to where it is.';
    switch (error.reason) {
      case 'invalid_url':
        return `DUET_URL is not the address of a service: ${JSON.stringify(this.url)}. Use one such as http://localhost:3000`;
      case 'unreachable':
        return `Duet is not running at ${this.url}. Start it with npm start in another terminal, ${elsewhere} (${error.message})`;
      case 'timeout':
        return `What listens at ${this.url} does not answer. Stop it and start Duet with npm start, ${elsewhere} (${error.message})`;
      case 'unavailable':
      case 'not_duet':
        return `What answers at ${this.url} is not Duet, or is in front of it. Start Duet with npm start, ${elsewhere} (${error.message})`;
      default:
        return error.reason satisfies never;
    }
  }

  private readonly note = (exchange: Exchange): void => void this.exchanges.push(shown(exchange, this.url));

  private showExchanges(): void {
    if (this.verbose && !this.json) {
      this.exchanges.forEach((exchange) => this.world.out(exchangeLines(exchange, this.paint)));
    }
  }

  private print(text: string): void {
    if (!this.json) {
      this.world.out(text);
    }
  }
}

function skipped({ name }: Step, step: number): StepReport {
  return { step, name, outcome: 'skipped', detail: 'not tried', durationMs: 0, requests: 0 };
}
