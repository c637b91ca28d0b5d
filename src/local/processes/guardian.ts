import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { toolEnvironment } from './processes.js';

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
