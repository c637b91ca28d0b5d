import { basename } from 'node:path';
import { argumentsOf, parentOf, startTimeOf } from '../processes/processes.js';

/** Ctrl-C reaches us twice under a launcher that passes it on to us: from the terminal, and a moment later from the launcher. */
const sameKeyPressMs = 1000;
// Elsewhere each look costs a run of ps.
const launcherCheckMs = process.platform === 'linux' ? 250 : 2000;

interface Launcher {
  readonly pid: number;
  readonly name: string;
}

/**
 * A request that this process stop: SIGINT, SIGTERM, or the end of a launcher above it. npm passes signals to its own
 * child only, which is a shell; that shell and the one the Nest CLI uses end without passing them on.
 */
export class StopRequest {
  /** Resolves at the first request, to its reason. */
  readonly first: Promise<string>;
  /** Resolves at a second one: do not wait any longer. */
  readonly urgent: Promise<void>;

  private firstAt: number | undefined;
  private resolveFirst: (reason: string) => void = () => undefined;
  private resolveUrgent: () => void = () => undefined;

  constructor() {
    this.first = new Promise((resolve) => (this.resolveFirst = resolve));
    this.urgent = new Promise((resolve) => (this.resolveUrgent = resolve));
    process.on('SIGINT', () => this.request('it was interrupted (SIGINT)'));
    process.on('SIGTERM', () => this.request('it was asked to (SIGTERM)'));
    this.watch(launchers());
  }

  /** Whether there has been a request. */
  get requested(): boolean {
    return this.firstAt !== undefined;
  }

  private request(reason: string): void {
    if (this.firstAt === undefined) {
      this.firstAt = Date.now();
      this.resolveFirst(reason);
    } else if (Date.now() - this.firstAt > sameKeyPressMs) {
      this.resolveUrgent();
    }
  }

  private watch(ancestors: readonly Launcher[]): void {
    const startTimes = ancestors.map(({ pid }) => startTimeOf(pid));
    const timer = setInterval(() => {
      const ended = ancestors.find(({ pid }, index) => startTimeOf(pid) !== startTimes[index]);
      if (ended !== undefined) {
        clearInterval(timer);
        this.request(`${ended.name}, which started it, has ended (pid ${ended.pid})`);
      }
    }, launcherCheckMs).unref();
  }
}

/**
 * The processes that only launched this one: up to the outermost npm, npx or Nest CLI above it without a foreign process in
 * between, such as `npx nest start`, its shell, the CLI and the CLI's shell. What is further up may end and leave this one
 * running: `npm start &` in a script wants that.
 *
 * @public A test asks the built file.
 */
export function launchers(): Launcher[] {
  const chain: Launcher[] = [];
  let outermost = 0;
  for (let pid = process.ppid; pid > 1; pid = parentOf(pid) ?? 0) {
    const words = argumentsOf(pid);
    const launcher = launcherName(words);
    if (launcher === undefined && !isCommandShell(words)) {
      break;
    }
    chain.push({ pid, name: launcher ?? 'its shell' });
    outermost = launcher === undefined ? outermost : chain.length;
  }
  return chain.slice(0, outermost);
}

/** The launcher that these words of a command line run: recognised by its program, whatever the arguments say. */
export function launcherName(words: readonly string[]): string | undefined {
  const [program = '', ...rest] = words;
  // npm and npx write a title over their command line: one word such as "npm start", or several where it was cut at spaces.
  const title = /^(npm|npx|nest)(?= |$)/.exec(program);
  if (title !== null) {
    return title[1];
  }
  const script = /^node(\.exe)?$/.test(basename(program)) ? rest.find((word) => !word.startsWith('-')) : undefined;
  return script === undefined ? undefined : /^(npm|npx|nest)(-cli)?(\.m?js)?$/.exec(basename(script))?.[1];
}

/** Whether these are the words of a shell that runs one command line, as npm and the Nest CLI use it. */
export function isCommandShell([program = '', option]: readonly string[]): boolean {
  return /^\w*sh$/.test(basename(program)) && option === '-c';
}
