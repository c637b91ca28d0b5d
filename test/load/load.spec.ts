import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { deadPort } from '../support/wire.js';
import { parseLoadOptions } from './load-options.js';
import { assertFlatMemory, residentMib } from './memory.js';
import { bySecond, plot } from './plot.js';

// Real: the script, as npm run test:load starts it, with autocannon and the built service in processes of their own.

const root = fileURLToPath(new URL('../../', import.meta.url));

let out: string;
beforeEach(async () => {
  out = await mkdtemp(join(tmpdir(), 'duet-load-out-'));
});
afterEach(async () => rm(out, { recursive: true, force: true }));

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function runLoad(...args: string[]): Promise<Ran> {
  const script = ['--no-warnings', '--import', './test/support/typescript/run-typescript.mjs', 'test/load/load.ts', ...args, '--out', out];
  const { DUET_URL: _, ...env } = process.env;
  return new Promise((resolve) => {
    execFile(process.execPath, script, { cwd: root, env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

describe('npm run test:load', () => {
  test('presses a service that it starts, and finds that all holds', async () => {
    const { code, stdout, stderr } = await runLoad('--duration', '5', '--connections', '8', '--rate', '40');

    const results = await readFile(join(out, 'results.json'), 'utf8').catch(() => {
      throw new Error(`The load script ended with ${code} and wrote no results: ${stderr}`);
    });
    const { findings, errors, seconds } = JSON.parse(results);
    expect(findings.map(({ invariant, violations }: { invariant: string; violations: string[] }) => [invariant, violations])).toEqual([
      ['What was acknowledged is there, once, and nothing else', []],
      ['Dashboards equal a recount by listing', []],
      ['The counter equals the acknowledged hits', []],
      ['Who left has left nothing', []],
      ['Every mirror equals the list', []],
    ]);
    // A machine that is busy enough makes the service give up on a store, and says so: those are errors, and no broken invariant.
    expect(code).toBe(errors.length === 0 ? 0 : 1);
    expect(seconds.length).toBeGreaterThanOrEqual(5);
    expect(stdout).toMatch(/^\| POST \/users\/\{id\}\/todos +\| +\d+ \|/m);
    expect(stdout).toMatch(/^\| GET \/users\/\{id\}\/changes +\| +\d+ \|/m);
    expect(stdout).toMatch(/^\| Every mirror equals the list +\| +2 mirrors \| holds \|$/m);
    expect(stdout).toMatch(/^\| Who left has left nothing +\| +1 users \| holds \|$/m);
    expect(stdout).toContain('Memory was not judged: the run was too short to tell.');
    expect(stderr).toContain('8 users for 5 s, 40 requests a second');
    expect(await readFile(join(out, 'latency.svg'), 'utf8')).toMatch(/^<svg .*latency, ms/s);
    expect(await readFile(join(out, 'table.md'), 'utf8')).toBe(stdout);
  });

  test('says how to start a service where there is none', async () => {
    const url = `http://127.0.0.1:${await deadPort()}`;

    const { code, stderr } = await runLoad('--url', url);

    expect(code).toBe(1);
    expect(stderr).toContain(`Nothing answers at ${url}: start Duet there, or leave out --url and DUET_URL`);
  });

  test('says which limits stand in the way', async () => {
    const server = createServer((request, response) => {
      const counter = request.url === '/counter';
      response.writeHead(counter ? 200 : 429, { 'Content-Type': 'application/json' }).end(counter ? '{"visitCount":1}' : '{}');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

    const { code, stderr } = await runLoad('--url', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);

    server.closeAllConnections();
    server.close();
    expect(code).toBe(1);
    expect(stderr).toMatch(/limits how many may sign up from one address: start it with REGISTRATION_LIMIT_ADDRESS/);
  });

  test.each([
    [['--rate', '50'], /--rate 50 is less than a request a second for each of 100 users: give fewer --connections/],
    [['--duration', 'long'], /--duration is a whole number from 1 to 86400/],
    [['--connections', '0'], /--connections is a whole number from 1/],
    [['--url', 'localhost:3000'], /"localhost:3000" is not the address of a service/],
    [['--fast'], /Unknown option '--fast'/],
  ])('refuses %j', (args, message) => {
    expect(() => parseLoadOptions(args, {})).toThrow(message);
  });

  test('finds a service by DUET_URL, unless --url names another', () => {
    const environment = { DUET_URL: 'http://localhost:4000/' };

    expect(parseLoadOptions([], environment)).toMatchObject({ url: 'http://localhost:4000', connections: 100, durationS: 60 });
    expect(parseLoadOptions(['--url', 'http://localhost:5000'], environment)).toMatchObject({ url: 'http://localhost:5000' });
    expect(parseLoadOptions([], {})).toMatchObject({ url: undefined });
  });
});

describe('Memory', () => {
  const samples = (mib: (second: number) => number) => Array.from({ length: 60 }, (_, second) => ({ atMs: second * 1_000, mib: mib(second) }));

  test('that grows at first and then stays is flat', () => {
    expect(assertFlatMemory(samples((second) => 300 - 100 * Math.exp(-second / 5)))?.violations).toEqual([]);
  });

  test('that grows on is found', () => {
    expect(assertFlatMemory(samples((second) => 200 + 3 * second))?.violations).toEqual([
      expect.stringMatching(/^the median of the second quarter was 2\d\d MiB/),
    ]);
  });

  test('of a short run is not judged', () => {
    expect(assertFlatMemory(samples(() => 200).slice(0, 20))).toBeNull();
  });

  test('is that of the process', async () => {
    // Of the order of what Node itself says; the two are read at different moments.
    const ratio = (await residentMib(process.pid)) / (process.memoryUsage().rss / 2 ** 20);
    expect(ratio).toBeGreaterThan(0.5);
    expect(ratio).toBeLessThan(2);
  });
});

describe('The plot', () => {
  const sample = (atMs: number, ms: number | undefined, error?: string) => ({ atMs, route: 'GET /', ms, error });

  test('has each second, also one without an answer', () => {
    expect(bySecond([sample(100, 1), sample(200, 3), sample(2_100, undefined, 'no answer came')])).toEqual([
      { requests: 2, errors: 0, p50: 2, p99: expect.closeTo(2.98) },
      { requests: 0, errors: 0, p50: null, p99: null },
      { requests: 1, errors: 1, p50: null, p99: null },
    ]);
  });

  test('names its axes and its lines, and leaves a gap where there was no answer', () => {
    const svg = plot(bySecond([sample(0, 5), sample(2_500, 7, 'status <500>')]), 'Users & requests <2>');

    for (const label of ['latency, ms', 'requests in a second', 'time, s', 'p50', 'p99', 'errors (1 in all)', 'Users &amp; requests &lt;2>']) {
      expect(svg).toContain(`>${label}</text>`);
    }
    expect(svg.match(/<path d="M[^L"]*M[^L"]*"/g)).toHaveLength(2);
    expect(svg).not.toContain('NaN');
  });
});
