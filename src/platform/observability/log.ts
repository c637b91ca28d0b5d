import { types } from 'node:util';
import { Logger } from '@aws-lambda-powertools/logger';
import type { LoggerService } from '@nestjs/common';
import { currentContext } from '../../common/http/request-context.js';
import type { Config } from '../../config/config.js';

/** What a line says besides its message. Never an address, token, e-mail or password. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined | object>>;

type Level = 'debug' | 'info' | 'warn' | 'error';

/** The service's name in logs and metrics. */
export const serviceName = 'duet';

/**
 * The service's log: one JSON object a line, or readable lines when a terminal reads them.
 *
 * The request's ids are passed with every line instead of being kept on the shared logger: requests overlap.
 */
export class Log implements LoggerService {
  private readonly level: Level;
  private readonly write: Writer;
  private readonly writeAudit: Writer;

  constructor(config: Pick<Config, 'log' | 'lambda'>, terminal = process.stdout.isTTY) {
    this.level = config.log.level;
    const writerFor = terminal && !config.lambda ? readableWriter : jsonWriter;
    this.write = writerFor(this.level);
    this.writeAudit = config.lambda && this.level !== 'debug' ? writerFor('info') : this.write;
  }

  log(message: unknown, ...rest: unknown[]): void {
    // Nest logs each module and route it starts: for debugging only.
    this.write('debug', String(message), { source: rest.at(-1) });
  }

  info(message: string, fields: LogFields = {}): void {
    this.line('info', message, fields);
  }

  debug(message: string, fields: LogFields = {}): void {
    this.line('debug', message, typeof fields === 'object' ? fields : {});
  }

  warn(message: string, fields: LogFields = {}): void {
    this.line('warn', message, typeof fields === 'object' ? fields : {});
  }

  /** With `fields.error`, what is known of it: name, message, stack and causes; never its own fields, which hold values. */
  error(message: unknown, fields?: unknown): void {
    this.line('error', String(message), typeof fields === 'object' && fields !== null ? (fields as LogFields) : { stack: fields as string });
  }

  /** A line of the audit log. In the cloud no level leaves it out. */
  audit(fields: LogFields): void {
    this.writeAudit('info', 'audit', withContext(fields));
  }

  /** What a line would say, for one that is written for another reason as well; nothing when there would be no line at this level. */
  lineFor(level: Level, message: string, fields: LogFields): Readonly<Record<string, unknown>> {
    return levels.indexOf(level) < levels.indexOf(this.level)
      ? {}
      : { level: upper(level), message, timestamp: new Date().toISOString(), ...withContext(fields) };
  }

  private line(level: Level, message: string, fields: LogFields): void {
    this.write(level, message, withContext(fields));
  }
}

function withContext(fields: LogFields): Record<string, unknown> {
  const context = currentContext();
  const { error, ...rest } = fields as Record<string, unknown>;
  return {
    ...(context && { requestId: context.requestId, traceId: context.traceId, awsRequestId: context.awsRequestId }),
    ...rest,
    ...(error !== undefined && { error: describeError(error) }),
  };
}

/** An error as it may be logged. Drivers keep parameters and rows in an error's own fields: those stay out. */
export function describeError(error: unknown, depth = 0): object {
  if (!types.isNativeError(error)) {
    return { name: 'NonError', message: typeof error };
  }
  const { code, constraint } = error as Error & { code?: unknown; constraint?: unknown };
  return {
    name: error.name,
    message: error.message,
    ...(typeof code === 'string' && { code }),
    ...(typeof constraint === 'string' && { constraint }),
    stack: error.stack,
    ...(error.cause !== undefined && depth < 3 && { cause: describeError(error.cause, depth + 1) }),
  };
}

type Writer = (level: Level, message: string, fields: Record<string, unknown>) => void;

function jsonWriter(level: Level): Writer {
  const logger = new Logger({ serviceName, logLevel: upper(level) });
  return (at, message, fields) => logger[at](message, fields as Record<string, string>);
}

const levels: readonly Level[] = ['debug', 'info', 'warn', 'error'];

function readableWriter(minimum: Level): Writer {
  const colours: Readonly<Record<Level, number>> = { debug: 90, info: 32, warn: 33, error: 31 };
  return (level, message, fields) => {
    if (levels.indexOf(level) < levels.indexOf(minimum)) {
      return;
    }
    const { error, ...rest } = fields;
    const pairs = Object.entries(rest)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => `${key}=${typeof value === 'string' && plainWord.test(value) ? value : escaped(value)}`);
    const stack = (error as { stack?: string } | undefined)?.stack;
    const time = new Date().toISOString().slice(11, 23);
    process.stdout.write(
      `${time} \u001B[${colours[level]}m${level.padEnd(5)}\u001B[0m ${[printable(message), ...pairs].join(' ')}\n${stack === undefined ? '' : `${printable(stack)}\n`}`,
    );
  };
}

/** What needs no quotes in a readable line: it can neither look like another field nor end the line. */
const plainWord = /^[\w./:@{}()+-]+$/;

// A value may come from outside, such as a user agent: as JSON it cannot forge fields, and no control character reaches the terminal.
function escaped(value: unknown): string {
  return (JSON.stringify(value) ?? 'undefined').replaceAll(invisible, escape);
}

/** Text of our own, which may hold line breaks and tabs, but also what a driver or a caller has put into it. */
function printable(text: string): string {
  return text.replaceAll(invisible, escape);
}

// JSON escapes C0 but not DEL, C1 (U+009B begins a control sequence), the direction of writing and the line separators.
const invisible = /[^\P{Cc}\n\t]|\p{Cf}|\p{Zl}|\p{Zp}/gu;

function escape(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('');
}

function upper(level: Level): 'DEBUG' | 'INFO' | 'WARN' | 'ERROR' {
  return level.toUpperCase() as Uppercase<Level>;
}
