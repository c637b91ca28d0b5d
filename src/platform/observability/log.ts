import { types } from 'node:util';
import { Logger } from '@aws-lambda-powertools/logger';
import type { LoggerService } from '@nestjs/common';
import { currentContext } from '../../common/request-context.js';
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
  private readonly write: (level: Level, message: string, fields: Record<string, unknown>) => void;

  constructor(config: Pick<Config, 'log' | 'lambda'>, terminal = process.stdout.isTTY) {
    this.level = config.log.level;
    this.write = terminal && !config.lambda ? readableWriter(this.level) : jsonWriter(this.level);
  }

  log(message: unknown, ...rest: unknown[]): void {
    // Nest tells of each module and route it starts; that is for looking closely.
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

function jsonWriter(level: Level): (level: Level, message: string, fields: Record<string, unknown>) => void {
  const logger = new Logger({ serviceName, logLevel: upper(level) });
  return (at, message, fields) => logger[at](message, fields as Record<string, string>);
}

const levels: readonly Level[] = ['debug', 'info', 'warn', 'error'];

function readableWriter(least: Level): (level: Level, message: string, fields: Record<string, unknown>) => void {
  const colours: Readonly<Record<Level, number>> = { debug: 90, info: 32, warn: 33, error: 31 };
  return (level, message, fields) => {
    if (levels.indexOf(level) < levels.indexOf(least)) {
      return;
    }
    const { error, ...rest } = fields;
    const pairs = Object.entries(rest)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
    const stack = (error as { stack?: string } | undefined)?.stack;
    const time = new Date().toISOString().slice(11, 23);
    process.stdout.write(
      `${time} \u001B[${colours[level]}m${level.padEnd(5)}\u001B[0m ${[message, ...pairs].join(' ')}\n${stack === undefined ? '' : `${stack}\n`}`,
    );
  };
}

function upper(level: Level): 'DEBUG' | 'INFO' | 'WARN' | 'ERROR' {
  return level.toUpperCase() as Uppercase<Level>;
}
