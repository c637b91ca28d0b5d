import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Environment } from '../../../src/config/config.js';
import { RuntimeApi, type Outcome, type RuntimeError } from './runtime-api.js';
import type { RuntimeClient } from './runtime-client.js';

/** A function, and where it runs. */
export interface LambdaOptions {
  /** The unpacked zip: the process's working folder. */
  readonly folder: string;
  /** `<file>.<export>`; index.handler unless given. */
  readonly handler?: string;
  /** The function's own variables, as its configuration would set them. */
  readonly variables: Environment;
  /** The function's memory in MB, from which Lambda derives the heap's limits. 1769 MB are one whole processor: {@link oneProcessorMb}. */
  readonly memoryMb?: number;
  /** The Node binary. */
  readonly node: string;
  readonly client: RuntimeClient;
}

/** The memory at which a function has one whole processor: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
export const oneProcessorMb = 1769;

const patienceMs = 30_000;
/** How much of a long log is kept, in characters. */
const keptOutput = 2_000_000;

/** Thrown when the handler failed, with what the runtime client says of it. */
export class HandlerError extends Error {
  override readonly name = 'HandlerError';

  constructor(readonly reported: RuntimeError) {
    super(`${reported.errorType}: ${reported.errorMessage}`);
  }
}

/**
 * One execution environment of a function: a fresh Node process in which Lambda's own runtime client runs the handler, with the flags and
 * variables Lambda gives it, over a Runtime API of its own. It takes one event at a time; with `AWS_LAMBDA_MAX_CONCURRENCY` among its variables, as on
 * Lambda Managed Instances, as many as are sent: https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances-nodejs-runtime.html
 */
export class LambdaEnvironment {
  private output = '';

  private constructor(
    private readonly process: ChildProcess,
    private readonly api: RuntimeApi,
    private readonly spawnedAt: number,
    private readonly functionName: string,
  ) {}

  /** Starts the process; does not wait until it is ready. */
  static async start(options: LambdaOptions): Promise<LambdaEnvironment> {
    const api = await RuntimeApi.start();
    const functionName = options.variables['AWS_LAMBDA_FUNCTION_NAME'] ?? `duet-test-${basename(options.folder)}`;
    const handler = options.handler ?? 'index.handler';
    const memoryMb = options.memoryMb ?? oneProcessorMb;
    const version = await versionOf(options.node);
    const [program, args] = [options.node, [...lambdaFlags(version, memoryMb), ...options.client.nodeArguments, handler]];
    const env = { ...lambdaVariables({ functionName, handler, memoryMb, version, folder: options.folder, runtimeApi: api.address }), ...options.variables };
    const spawnedAt = performance.now();
    const child = spawn(program, args, { cwd: options.folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const environment = new LambdaEnvironment(child, api, spawnedAt, functionName);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => environment.keep(text));
    }
    child.once('error', (error) => api.abandon(error));
    child.once('close', (code, signal) => api.abandon(new Error(`The environment ended (${signal ?? code}):\n${environment.output}`)));
    return environment;
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  /** What it has written so far: its log. A line may arrive later than the answer of the request that wrote it: see {@link linesUntil}. */
  get log(): string {
    return this.output;
  }

  /** The log's lines, as soon as `isComplete` holds for them. */
  async linesUntil(isComplete: (lines: readonly string[]) => boolean): Promise<readonly string[]> {
    for (const deadline = performance.now() + patienceMs; performance.now() < deadline; await sleep(5)) {
      const lines = this.output.split('\n');
      if (isComplete(lines)) {
        return lines;
      }
    }
    throw new Error(`The log is not complete after ${patienceMs} ms:\n${this.output}`);
  }

  /** How long its start took, from the process's birth to its first question for an event, in milliseconds. */
  async startMs(): Promise<number> {
    return (await this.api.ready) - this.spawnedAt;
  }

  /** Milliseconds since the process's birth. */
  ageMs(): number {
    return performance.now() - this.spawnedAt;
  }

  /**
   * What the handler answers to an event.
   *
   * @throws HandlerError when it fails.
   */
  async invoke<T>(event: unknown, ids: { readonly requestId?: string; readonly traceId?: string } = {}): Promise<T> {
    const { result, error } = await this.outcomeOf(event, ids);
    if (error !== undefined) {
      throw new HandlerError(error);
    }
    return result as T;
  }

  /** Invokes the handler; returns how that ended, and how long it took. */
  async outcomeOf(event: unknown, { requestId = randomUUID(), traceId = newTraceId() }: { requestId?: string; traceId?: string } = {}): Promise<Outcome> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`No answer within ${patienceMs} ms:\n${this.output}`)), patienceMs);
    });
    const functionArn = `arn:aws:lambda:us-east-1:123456789012:function:${this.functionName}:live`;
    try {
      return await Promise.race([this.api.invoke({ event, requestId, traceId, functionArn, timeoutMs: patienceMs }), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The memory that it holds, in bytes (proc_pid_status(5)'s VmRSS). */
  async residentBytes(): Promise<number> {
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${this.pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes) * 1024;
  }

  private keep(text: string): void {
    this.output += text;
    // Cut now and then, because each cut copies what is kept.
    if (this.output.length > 2 * keptOutput) {
      this.output = this.output.slice(-keptOutput);
    }
  }

  /** Ends it without notice, as Lambda does. */
  async stop(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null && this.process.pid !== undefined) {
      const closed = once(this.process, 'close');
      this.process.kill('SIGKILL');
      await closed;
    }
    await this.api.stop();
  }
}

/**
 * How Lambda starts Node: heap sizes by the function's memory, as its bootstrap computes them, and, up to Node 22, without require() of ES modules
 * and detection of module syntax (https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html, "Experimental features").
 */
function lambdaFlags(version: string, memoryMb: number): string[] {
  return [
    '--expose-gc',
    `--max-semi-space-size=${Math.floor((memoryMb * 5) / 100)}`,
    `--max-old-space-size=${Math.floor((memoryMb * 90) / 100)}`,
    ...(Number.parseInt(version, 10) < 24 ? ['--no-experimental-require-module', '--no-experimental-detect-module'] : []),
  ];
}

interface Identity {
  readonly functionName: string;
  readonly handler: string;
  readonly memoryMb: number;
  readonly version: string;
  readonly folder: string;
  readonly runtimeApi: string;
}

/** https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html; credentials and ids are made up. */
function lambdaVariables({ functionName, handler, memoryMb, version, folder, runtimeApi }: Identity): Environment {
  return {
    PATH: '/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin',
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    LAMBDA_TASK_ROOT: folder,
    LAMBDA_RUNTIME_DIR: '/var/runtime',
    _HANDLER: handler,
    AWS_LAMBDA_RUNTIME_API: runtimeApi,
    AWS_EXECUTION_ENV: `AWS_Lambda_nodejs${Number.parseInt(version, 10)}.x`,
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_FUNCTION_NAME: functionName,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
    AWS_LAMBDA_FUNCTION_VERSION: '1',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${functionName}`,
    AWS_LAMBDA_LOG_STREAM_NAME: `2026/11/21/[1]${randomBytes(16).toString('hex')}`,
    AWS_REGION: 'us-east-1',
    AWS_DEFAULT_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'ASIAEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'example',
    AWS_SESSION_TOKEN: 'example',
    AWS_XRAY_CONTEXT_MISSING: 'LOG_ERROR',
  };
}

/** A trace id in X-Ray's form, of a sampled request. */
function newTraceId(): string {
  const seconds = Math.floor(Date.now() / 1000).toString(16);
  return `Root=1-${seconds}-${randomBytes(12).toString('hex')};Parent=${randomBytes(8).toString('hex')};Sampled=1`;
}

const versions = new Map<string, string>();

async function versionOf(node: string): Promise<string> {
  const known = node === process.execPath ? process.versions.node : versions.get(node);
  if (known !== undefined) {
    return known;
  }
  const child = spawn(node, ['--version'], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) {
    throw new Error(`${node} --version ended with ${code}`);
  }
  const version = text.trim().replace(/^v/, '');
  versions.set(node, version);
  return version;
}
