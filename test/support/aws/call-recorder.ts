import { randomUUID } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join, resolve } from 'node:path';
import type { Config } from '../../../src/config/config.js';
import { calledActions, type Tables } from './called-actions.js';

/** How often each action was called on each resource: `{"dynamodb:GetItem": {"todos": 3}}`. */
export type Calls = Record<string, Record<string, number>>;

/** Which function calls which action on which resources: what infra/calls.json holds. */
export type CallsByFunction = Record<string, Record<string, readonly string[]>>;

/** The functions whose policies the recordings are for; `any`: the service as `npm start` runs it, which does the work of all. */
export type CallingFunction = 'http' | 'stream' | 'outbox' | 'migrate' | 'any';

/** Writes down which permissions the calls of one function need. */
export interface CallRecorder {
  /** Opens a way to the server at this URL, on which every call is recorded; gives the URL to call instead. */
  before(server: string): Promise<string>;
  /** Adds what leaves no trace on such a way. */
  add(action: string, resource: string): void;
  /** Closes the ways, hands what was recorded to the reporter (calls-reporter.mjs), and throws when a call is not in infra/calls.json. */
  stop(): Promise<void>;
}

const callsFile = resolve('infra/calls.json');

/**
 * What only `npm start` does, never a Lambda function: Terraform makes the tables, the DynamoDB service deletes what has expired, and the
 * Lambda service reads the streams.
 */
const localOnly =
  /^dynamodb:(CreateTable|DescribeTable|DescribeTimeToLive|UpdateTimeToLive|ListTables|Scan|ListStreams|DescribeStream|GetShardIterator|GetRecords)$/;

/**
 * Records calls as they are seen on the wire: whatever client of whatever library made them, and nothing of the service is patched. All
 * that comes through a recorder is put down to the one function it was made for, so its maker gives its ways to that function alone.
 */
export function createCallRecorder(name: CallingFunction, tables: Config['dynamodb']['tables']): CallRecorder {
  const calls: Calls = {};
  const keys: Tables = new Map(Object.entries(tables).map(([key, table]) => [table, key]));
  const taps: (() => Promise<void>)[] = [];
  const add = (action: string, resource: string): void => {
    const resources = (calls[action] ??= {});
    resources[resource] = (resources[resource] ?? 0) + 1;
  };
  return {
    before: async (server) => {
      const { port, stop } = await startTap(new URL(server), (target, body) => {
        calledActions(target, body, keys).forEach(({ action, resource }) => add(action, resource));
      });
      taps.push(stop);
      return `http://127.0.0.1:${port}`;
    },
    add,
    stop: async () => {
      await Promise.all(taps.map(async (stop) => stop()));
      conclude(name, calls);
    },
  };
}

/** Carries bytes both ways, and reads along what the client says. */
async function startTap({ hostname, port }: URL, onCall: (target: string, body: Readonly<Record<string, unknown>>) => void) {
  const sockets = new Set<Socket>();
  const listener = createServer((client) => {
    const server = connect(Number(port), hostname);
    const read = callReader(onCall);
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(from.setNoDelay());
      from.on('error', () => to.destroy()).on('close', () => sockets.delete(from));
      from.pipe(to);
    }
    client.on('data', read);
  });
  await new Promise<void>((listening) => listener.listen(0, '127.0.0.1', listening));
  return {
    port: (listener.address() as AddressInfo).port,
    stop: async () => {
      sockets.forEach((socket) => socket.destroy());
      await new Promise<void>((closed) => listener.close(() => closed()));
    },
  };
}

/** Takes apart what the SDK writes to a connection: HTTP/1.1 requests, one after the other, each with the length of its JSON body and a target, or a path that says as much. */
function callReader(onCall: (target: string, body: Readonly<Record<string, unknown>>) => void): (chunk: Buffer) => void {
  let unread: Buffer = Buffer.alloc(0);
  return (chunk) => {
    unread = unread.length === 0 ? chunk : Buffer.concat([unread, chunk]);
    for (let end = unread.indexOf('\r\n\r\n'); end !== -1; end = unread.indexOf('\r\n\r\n')) {
      const head = unread.subarray(0, end).toString('latin1');
      const header = (field: string): string => new RegExp(`\\r\\n${field}: *([^\\r]*)`, 'i').exec(head)?.[1] ?? '';
      const next = end + 4 + Number(header('content-length'));
      if (unread.length < next) {
        return;
      }
      const [, path = ''] = head.split(' ');
      onCall(header('x-amz-target') || path, JSON.parse(unread.subarray(end + 4, next).toString()) as Record<string, unknown>);
      unread = unread.subarray(next);
    }
  };
}

function conclude(name: CallingFunction, calls: Calls): void {
  const folder = process.env['DUET_CALLS_FOLDER'];
  if (folder !== undefined) {
    writeFileSync(join(folder, `${randomUUID()}.json`), JSON.stringify({ [name]: calls }));
  }
  if (process.env['DUET_UPDATE_CALLS'] === undefined) {
    const unknown = unknownCalls(name, calls, JSON.parse(readFileSync(callsFile, 'utf8')) as CallsByFunction);
    if (unknown.length > 0) {
      throw new Error(`Not in infra/calls.json, from which the functions' policies are checked: ${unknown.join(', ')}. If it is meant: npm run calls`);
    }
  }
}

/** The recorded calls that are not known. */
export function unknownCalls(name: CallingFunction, calls: Calls, known: CallsByFunction): string[] {
  const knows = (action: string, resource: string): boolean =>
    Object.entries(known).some(([other, actions]) => (name === 'any' || name === other) && actions[action]?.includes(resource));
  return Object.entries(calls).flatMap(([action, resources]) =>
    Object.keys(resources)
      .filter((resource) => !knows(action, resource) && !(name === 'any' && localOnly.test(action)))
      .map((resource) => `${name} calls ${action} on ${resource}`),
  );
}
