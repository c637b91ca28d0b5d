import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { withTimeout } from '../../common/async.js';
import { hasCode } from './local-store-error.js';

/** A numeric user to run a process as; only root can choose one. */
export interface RunAs {
  readonly uid: number;
  readonly gid: number;
}

/** Called with what is worth a line on the terminal. */
export type OnProgress = (text: string) => void;

/**
 * The whole environment of the processes started here. Built, not inherited: a store has no business with the
 * service's secrets, and must not change its behaviour with the caller's locale, time zone or `PG…` variables.
 */
export const toolEnvironment: Readonly<Record<string, string>> = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

/**
 * When a process started, in the system's own terms, or null when there is none (a zombie counts as none).
 * Together with the pid this names a process for good, although pids are used again.
 */
export function startTimeOf(pid: number): string | null {
  if (process.platform === 'linux') {
    const [state, , ...rest] = statFields(pid);
    return state === undefined || state === 'Z' || state === 'X' ? null : (rest[17] ?? null);
  }
  const line = ps(pid, 'stat=,lstart=');
  return line === null || line.startsWith('Z') ? null : line.replace(/^\S+\s+/, '');
}

/** A process's command line, the words joined by spaces, or null when it cannot be known. */
export function commandOf(pid: number): string | null {
  return process.platform === 'linux' ? (readProc(pid, 'cmdline')?.replaceAll('\0', ' ') ?? null) : ps(pid, 'args=');
}

/** The words of a process's command line, the program first; empty when it cannot be known. Where only `ps` tells, words with spaces come apart. */
export function argumentsOf(pid: number): string[] {
  return process.platform === 'linux' ? (readProc(pid, 'cmdline')?.split('\0') ?? []) : (ps(pid, 'args=')?.split(/\s+/) ?? []);
}

/** The pid of a process's parent, or null when there is no such process. */
export function parentOf(pid: number): number | null {
  const text = process.platform === 'linux' ? statFields(pid)[1] : ps(pid, 'ppid=');
  return text === undefined || text === null ? null : Number(text);
}

// proc(5), from field 3 on: state, parent, …, and the start time as field 22. The name before them, in parentheses, may hold anything.
function statFields(pid: number): string[] {
  const stat = readProc(pid, 'stat');
  return stat === null ? [] : stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function readProc(pid: number, file: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ESRCH', 'EACCES')) {
      return null;
    }
    throw error;
  }
}

function ps(pid: number, columns: string): string | null {
  try {
    return (
      execFileSync('ps', ['-o', columns, '-p', String(pid)], { env: toolEnvironment, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim() || null
    );
  } catch (error) {
    // ps exits with 1 when there is no such process.
    if (typeof error === 'object' && error !== null && 'status' in error && error.status === 1) {
      return null;
    }
    throw error;
  }
}

/** One attempt to end a process: a signal, and how long to wait before the next. */
export interface EndStep {
  readonly signal: NodeJS.Signals;
  readonly patienceMs: number;
}

/** Ends a process, more firmly with each step; resolves when it is gone. */
export async function endProcess(pid: number, steps: readonly EndStep[]): Promise<void> {
  const startTime = startTimeOf(pid);
  for (const { signal, patienceMs } of startTime === null ? [] : steps) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if (hasCode(error, 'ESRCH')) {
        return;
      }
      throw error;
    }
    for (const deadline = Date.now() + patienceMs; Date.now() < deadline;) {
      if (startTimeOf(pid) !== startTime) {
        return;
      }
      await sleep(20);
    }
  }
}

/** What {@link ServerProcess.start} needs to know. */
export interface ServerCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly logFile: string;
  readonly runAs?: RunAs;
  readonly guardian: Guardian;
  /** How to end it. */
  readonly ending: readonly EndStep[];
}

/**
 * A store's server, in a process group of its own: Ctrl-C reaches every process of the terminal's group at once, and
 * must not take the stores away while requests are still being finished.
 */
export class ServerProcess {
  private stopping = false;
  private readonly exited: Promise<unknown>;

  private constructor(
    private readonly child: ChildProcess,
    private readonly command: ServerCommand,
  ) {
    this.exited = once(child, 'exit');
  }

  /** @throws the system's error when the program cannot be run at all. */
  static async start(command: ServerCommand): Promise<ServerProcess> {
    // The folder may belong to an unprivileged user while root opens the file: never follow a link put there.
    const log = await open(command.logFile, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW, 0o600);
    try {
      const child = spawn(command.command, command.args, {
        ...command.runAs,
        cwd: '/',
        detached: true,
        env: toolEnvironment,
        stdio: ['ignore', log.fd, log.fd],
      });
      await once(child, 'spawn');
      command.guardian.watch(child.pid ?? 0);
      // A program that forgets to stop its stores must still be able to end: the guardian stops them then.
      child.unref();
      return new ServerProcess(child, command);
    } finally {
      await log.close();
    }
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Calls back once if the server ends without having been asked to. */
  onUnexpectedExit(report: (how: string) => void): void {
    this.child.once('exit', (code, signal) => {
      this.command.guardian.forget(this.pid);
      if (!this.stopping) {
        report(signal === null ? `exit code ${code}` : `signal ${signal}`);
      }
    });
  }

  /** Ends the server and resolves when it is gone. */
  async stop(): Promise<void> {
    this.stopping = true;
    for (const { signal, patienceMs } of this.command.ending) {
      if (!this.running) {
        break;
      }
      this.child.kill(signal);
      await withTimeout<unknown>(
        patienceMs,
        async () => this.exited,
        () => undefined,
      );
    }
    this.command.guardian.forget(this.pid);
  }
}

// Its input is a pipe that only our process writes to, so the end of it means that our process is gone, however it went.
const guardianScript = `
trap '' HUP INT TERM
pids=
folder=
running() {
  kill -0 "$1" 2>/dev/null || return 1
  [ -r "/proc/$1/stat" ] || return 0
  read -r _ _ state _ <"/proc/$1/stat" && [ "$state" != Z ]
}
while read -r word value; do
  case $word in
    watch) pids="$pids $value" ;;
    forget)
      kept=
      for pid in $pids; do [ "$pid" = "$value" ] || kept="$kept $pid"; done
      pids=$kept
      ;;
    remove) folder=$value ;;
    done) exit 0 ;;
  esac
done
for pid in $pids; do kill -INT "$pid" 2>/dev/null; done
for pid in $pids; do
  tries=0
  while running "$pid" && [ $tries -lt 100 ]; do
    tries=$((tries + 1))
    sleep 0.1
  done
  running "$pid" && kill -KILL "$pid"
done
[ -z "$folder" ] || rm -rf -- "$folder"
`;

/** A small shell that outlives this process just long enough to stop the stores, should this process be killed outright. */
export class Guardian {
  private readonly child: ChildProcess | undefined;

  constructor() {
    if (process.platform === 'win32') {
      return;
    }
    this.child = spawn('/bin/sh', ['-c', guardianScript, 'duet-guardian'], {
      cwd: '/',
      detached: true,
      env: toolEnvironment,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    // Without it the next start heals what is left; that is no reason to refuse to run.
    this.child.on('error', () => undefined);
    this.child.stdin?.on('error', () => undefined);
    this.child.unref();
    (this.child.stdin as { unref?: () => void } | null)?.unref?.();
  }

  /** Stop this process if ours is gone. */
  watch(pid: number): void {
    this.send(`watch ${pid}`);
  }

  /** This process has ended: its pid may soon be someone else's. */
  forget(pid: number): void {
    this.send(`forget ${pid}`);
  }

  /** Delete this folder, too, if ours is gone. */
  removeFolder(folder: string): void {
    this.send(`remove ${folder}`);
  }

  /** Everything was stopped in order: end, and touch nothing. */
  async release(): Promise<void> {
    if (this.child === undefined || this.child.exitCode !== null || this.child.signalCode !== null || this.child.pid === undefined) {
      return;
    }
    const exited = once(this.child, 'exit');
    this.child.ref();
    this.send('done');
    this.child.stdin?.end();
    await exited;
  }

  private send(line: string): void {
    if (this.child?.stdin?.writable === true) {
      this.child.stdin.write(`${line}\n`);
    }
  }
}
