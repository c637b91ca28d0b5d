import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { type Environment } from '../../config/config.js';
import { readEnvironment } from '../../config/environment.js';
import { checkStart, explainStart } from '../server/preflight.js';
import { StopRequest } from '../server/stop-request.js';
import { startLocalStores } from '../stores/local-stores.js';
import { Guardian } from '../processes/guardian.js';

// npm run start:dev: compiles at each edit and starts the service again, on stores that keep running.

const say = (text: string): void => void process.stdout.write(`${text}\n`);

/** The service in a process of its own, at most one at a time. */
class Service {
  private child: ChildProcess | undefined;
  private latest: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(
    private readonly environment: Environment,
    private readonly guardian: Guardian,
  ) {}

  /** Starts it, or starts it again once it has answered what is in flight. */
  restart(): void {
    this.latest = this.latest.then(async () => {
      await this.end();
      if (!this.stopped) {
        this.begin();
      }
    });
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.latest;
    await this.end();
  }

  private begin(): void {
    const main = fileURLToPath(new URL('../../main.js', import.meta.url));
    const child = spawn(process.execPath, ['--enable-source-maps', main], { env: { ...this.environment }, stdio: 'inherit' });
    this.child = child;
    this.guardian.watch(child.pid ?? 0);
    child.once('exit', (code) => {
      this.guardian.forget(child.pid ?? 0);
      if (this.child === child) {
        this.child = undefined;
        say(code === 0 ? 'The service has ended; the next change starts it again' : 'The service has failed; the next change starts it again');
      }
    });
  }

  private async end(): Promise<void> {
    const child = this.child;
    this.child = undefined;
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    }
  }
}

/** Compiles now and at each edit; `onBuilt` is called when there was no error. */
function watch(onBuilt: () => void): { close(): void } {
  const host: ts.FormatDiagnosticsHost = {
    getCanonicalFileName: (name) => name,
    getCurrentDirectory: () => ts.sys.getCurrentDirectory(),
    getNewLine: () => '\n',
  };
  const report = (diagnostic: ts.Diagnostic): void => say(ts.formatDiagnosticsWithColorAndContext([diagnostic], host).trimEnd());
  const status = ({ messageText }: ts.Diagnostic, _line: string, _options: ts.CompilerOptions, errors?: number): void => {
    say(ts.flattenDiagnosticMessageText(messageText, '\n'));
    if (errors === 0) {
      onBuilt();
    }
  };
  const create = ts.createEmitAndSemanticDiagnosticsBuilderProgram;
  return ts.createWatchProgram(ts.createWatchCompilerHost('tsconfig.nest.json', {}, ts.sys, create, report, status));
}

async function main(): Promise<number> {
  const environment = readEnvironment('.env');
  const stop = new StopRequest();
  try {
    await checkStart(environment);
    const stores = await startLocalStores(environment, { onProgress: say });
    const guardian = new Guardian();
    try {
      const service = new Service(stores.environment, guardian);
      const watching = watch(() => service.restart());
      say(`Duet is stopping: ${await stop.first}`);
      watching.close();
      await service.stop();
      return 0;
    } finally {
      await stores.stop();
      await guardian.release();
    }
  } catch (error) {
    process.stderr.write(`${explainStart(error, environment)}\n`);
    return 1;
  }
}

process.exit(await main());
