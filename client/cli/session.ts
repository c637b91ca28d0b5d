import { homedir } from 'node:os';
import { join } from 'node:path';
import {
  createDuetClient,
  DuetConnectionError,
  DuetError,
  DuetProblemError,
  DuetSignedOutError,
  type DuetClient,
  type Exchange,
  type Service,
} from '../index.js';
import { exchangeLines, Paint, printable, shown, type ShownExchange } from './exchanges.js';
import { SavedSessions } from './saved-session.js';
import { versionMismatch } from './tour/tour.js';
import { CommandError, type Result, UsageError, type World } from './world.js';

/** What every command takes. */
export interface GlobalOptions {
  readonly json?: boolean;
  readonly verbose?: boolean;
}

/** One run of the command line against one service: where it is, how results are shown, and what an error says. */
export class CliSession {
  readonly url: string;
  readonly json: boolean;
  readonly verbose: boolean;
  readonly paint: Paint;
  exitCode = 0;
  exchanges: ShownExchange[] = [];

  constructor(
    readonly world: World,
    options: GlobalOptions,
  ) {
    const { environment, terminal } = world;
    this.url = (environment['DUET_URL'] || 'http://localhost:3000').replace(/\/+$/, '');
    this.json = options.json === true;
    this.verbose = options.verbose === true;
    // https://no-color.org: any value but the empty one.
    this.paint = new Paint(terminal && !this.json && !environment['NO_COLOR']);
  }

  /**
   * Runs a command with the kept session and shows its result.
   *
   * @throws UsageError
   */
  async run(command: (duet: DuetClient) => Promise<Result>): Promise<void> {
    await this.guarded(async () => {
      const mismatch = versionMismatch(await this.findService());
      if (mismatch !== undefined) {
        this.world.err(`Careful: ${printable(mismatch)}.\n`);
      }
      const sessions = new SavedSessions(this.world.environment['DUET_SESSION_FILE'] || join(homedir(), '.duet-session.json'));
      const duet = createDuetClient({
        baseUrl: this.url,
        session: await sessions.load(this.url),
        onSession: (session) => sessions.save(this.url, session),
        onExchange: this.note,
      });
      try {
        this.show(await command(duet));
      } finally {
        await sessions.saved();
      }
    });
  }

  /** Runs work, and shows what it fails with as the line that says what to do. */
  async guarded(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (error instanceof UsageError) {
        throw error;
      }
      this.showError(error);
    }
  }

  /** @throws DuetConnectionError when Duet is not there, or is something else. */
  async findService(): Promise<Service> {
    // A cold start takes seconds; that something hangs should show before long.
    const service = await createDuetClient({ baseUrl: this.url, timeoutMs: 5_000, retries: 1, onExchange: this.note }).service();
    if (service.name !== 'duet') {
      throw new DuetConnectionError('not_duet', 'It answers, but not as Duet.', { method: 'GET', url: this.url });
    }
    return service;
  }

  readonly note = (exchange: Exchange): void => void this.exchanges.push(shown(exchange, this.url));

  /** Shows the requests made since the last time, where that was asked for. */
  showExchanges(): void {
    if (this.verbose && !this.json) {
      this.exchanges.forEach((exchange) => this.world.out(exchangeLines(exchange, this.paint)));
    }
  }

  private show({ data, text }: Result): void {
    this.showExchanges();
    this.world.out(this.json ? `${JSON.stringify(data, null, 2)}\n` : `${text.split('\n').map(printable).join('\n')}\n`);
  }

  private showError(error: unknown): void {
    this.exitCode = 1;
    this.showExchanges();
    const message = error instanceof DuetConnectionError ? explainConnection(error, this.url) : explain(error);
    if (this.json) {
      const { code, reason, status } = error as { code?: string; reason?: string; status?: number };
      this.world.out(`${JSON.stringify({ ok: false, url: this.url, error: { message, code: code ?? reason, status } }, null, 2)}\n`);
    } else {
      this.world.err(`${this.paint.bad(printable(message))}\n`);
    }
    // An unforeseen error is a defect of the command line: its place helps to find it.
    if (this.verbose && error instanceof Error && !(error instanceof DuetError) && !(error instanceof CommandError)) {
      this.world.err(`${error.stack ?? ''}\n`);
    }
  }
}

/** What an error of a command says to people. */
export function explain(error: unknown): string {
  if (
    error instanceof DuetSignedOutError ||
    (error instanceof DuetProblemError && /^auth\.(token_missing|invalid_token|invalid_refresh_token)$/.test(error.code))
  ) {
    return 'Sign in first: duet sign-in --email you@example.com';
  }
  if (error instanceof DuetProblemError) {
    return `${error.message} [${error.code}, request ${error.requestId}]`;
  }
  return error instanceof Error ? error.message : String(error);
}

function explainConnection(error: DuetConnectionError, url: string): string {
  const elsewhere = 'or set DUET_URL to where it is.';
  switch (error.reason) {
    case 'invalid_url':
      return `DUET_URL is not the address of a service: ${JSON.stringify(url)}. Use one such as http://localhost:3000`;
    case 'unreachable':
      return `Duet is not running at ${url}. Start it with npm start in another terminal, ${elsewhere} (${error.message})`;
    case 'timeout':
      return `What listens at ${url} does not answer. Stop it and start Duet with npm start, ${elsewhere} (${error.message})`;
    case 'unavailable':
    case 'not_duet':
      return `What answers at ${url} is not Duet, or is in front of it. Start Duet with npm start, ${elsewhere} (${error.message})`;
    default:
      return error.reason satisfies never;
  }
}
