import { commandOf, parentOf, startTimeOf } from '../stores/processes.js';

/** Ctrl-C reaches us twice under a launcher that passes it on to us: from the terminal, and a moment later from the launcher. */
const sameKeyPressMs = 1000;
// Elsewhere each look costs a run of ps.
const launcherCheckMs = process.platform === 'linux' ? 250 : 2000;

/**
 * Listens for the wish that this process stop: SIGINT, SIGTERM, or the death of a launcher above it. npm passes signals
 * to its own child only, which is a shell; that shell and the one the Nest CLI uses die of them without passing them on.
 */
export class StopRequest {
  /** Resolves at the first request. */
  readonly first: Promise<void>;
  /** Resolves at a second one, from somebody who does not want to wait. */
  readonly urgent: Promise<void>;

  private firstAt: number | undefined;
  private resolveFirst: () => void = () => undefined;
  private resolveUrgent: () => void = () => undefined;

  constructor() {
    this.first = new Promise((resolve) => (this.resolveFirst = resolve));
    this.urgent = new Promise((resolve) => (this.resolveUrgent = resolve));
    process.on('SIGINT', () => this.request());
    process.on('SIGTERM', () => this.request());
    this.watch(launchers());
  }

  /** Whether there has been a request. */
  get requested(): boolean {
    return this.firstAt !== undefined;
  }

  private request(): void {
    if (this.firstAt === undefined) {
      this.firstAt = Date.now();
      this.resolveFirst();
    } else if (Date.now() - this.firstAt > sameKeyPressMs) {
      this.resolveUrgent();
    }
  }

  private watch(ancestors: readonly number[]): void {
    const startTimes = ancestors.map(startTimeOf);
    const timer = setInterval(() => {
      if (ancestors.some((pid, index) => startTimeOf(pid) !== startTimes[index])) {
        clearInterval(timer);
        this.request();
      }
    }, launcherCheckMs).unref();
  }
}

// Up to the outermost npm, npx or Nest CLI without a foreign process in between, such as `npx nest start`, its shell, the
// CLI and the CLI's shell. What is above may end and leave us running: whoever wrote `npm start &` wants that.
function launchers(): number[] {
  const chain: number[] = [];
  let outermost = 0;
  for (let pid = process.ppid; pid > 1; pid = parentOf(pid) ?? 0) {
    const command = commandOf(pid) ?? '';
    const launcher = /(^|[\s/])(npm|npx|nest)(-cli)?(\.js)?(\s|$)/.test(command);
    const shell = /^(\S*\/)?\w*sh -c /.test(command);
    if (!launcher && !shell) {
      break;
    }
    chain.push(pid);
    outermost = launcher && !shell ? chain.length : outermost;
  }
  return chain.slice(0, outermost);
}
