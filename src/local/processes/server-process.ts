import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { withTimeout } from '../../common/async.js';
import type { Guardian } from './guardian.js';
import { type EndStep, type RunAs, toolEnvironment } from './processes.js';

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
