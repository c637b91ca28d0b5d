import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readContract } from './document.js';
import { type Plan, Requests } from './requests.js';
import { Validation } from './validation.js';
import { curlOf } from './wire.js';

// The generated requests themselves: nothing is sent.

const contract = await readContract();
const requests = new Requests(contract);
const validation = new Validation(contract, false);
const drawn = (id: string, seed = 1, numRuns = 300): Plan[] => fc.sample(requests.of(contract.operation(id)), { seed, numRuns });
const withBody = contract.operations.filter(({ body }) => body !== undefined);

test.each(withBody.map(({ id }) => id))('Bodies of %s fit their schema, but for those with a fault', (id) => {
  const { body } = contract.operation(id);
  const fits = (plan: Plan) => plan.body === undefined || validation.of(body?.schema ?? {})(JSON.parse(plan.body.toString())).length === 0;
  const schemaFaults = ['missing', 'wrong type', 'out of bounds', 'unknown field', 'bad enum', 'bad format'];
  const plans = drawn(id);

  const sound = plans.filter(({ fault }) => fault === undefined);
  const faulty = plans.filter(({ fault }) => schemaFaults.some((kind) => fault?.startsWith(`${kind} `)));

  expect(sound.length).toBeGreaterThan(60);
  expect(sound.filter((plan) => !fits(plan))).toEqual([]);
  expect(faulty.length).toBeGreaterThan(20);
  expect(faulty.filter(fits)).toEqual([]);
});

test('Every kind of fault is drawn', () => {
  const faults = ['createTodo', 'replaceTodo', 'registerUser', 'listTodos'].flatMap((id) => drawn(id, 1, 2_000)).map(({ fault }) => fault ?? '');
  const kinds = [
    'missing /title',
    'wrong type at /email',
    'out of bounds by one at /title',
    'out of bounds by one at /tags',
    'out of bounds by one in limit',
    'unknown field /surprise',
    'bad enum at /status',
    'bad enum in sort',
    'bad format at /email',
    'bad format in dueBefore',
    'unfit text at /name',
    'unfit text in q',
    'bad content type',
    'malformed JSON',
    'body too large',
    'no body',
    'no token',
    'bad token',
    'malformed id',
    'bad Idempotency-Key',
    'stale If-Match',
    'damaged value in cursor',
    'limit twice',
  ];

  expect(kinds.filter((kind) => !faults.some((fault) => fault.startsWith(kind)))).toEqual([]);
});

test('Bounds are tried at the bound itself, in code points outside the basic plane', () => {
  const sound = drawn('createTodo').flatMap(({ fault, body }) =>
    fault === undefined && body ? [JSON.parse(body.toString()) as { title: string; tags?: string[]; checklist?: object[] | null }] : [],
  );

  expect(sound.map(({ title }) => title)).toContain('😀'.repeat(200));
  expect(sound.map(({ tags }) => tags?.length)).toContain(20);
  expect(sound.map(({ checklist }) => checklist?.length)).toContain(50);
});

test('One seed draws the same requests, another seed others', () => {
  const described = (seed: number) =>
    drawn('createTodo', seed, 50).map(({ path, headers, body, fault }) => JSON.stringify({ path, headers, body: body?.toString(), fault }));

  expect(described(3)).toEqual(described(3));
  expect(described(3)).not.toEqual(described(4));
});

describe('A curl line says as it is, and not the token,', () => {
  // The shell itself takes the line apart.
  const partsBy = (shell: string, text: string): string[] => {
    const request = { method: 'POST', path: '/x?q=1', headers: { Authorization: 'Bearer secret', 'X-Text': text }, body: Buffer.from(text) };
    const line = curlOf('http://localhost', request).replace(/^curl /, String.raw`printf '%s\0' `);
    return execFileSync(shell, ['-c', line], { env: { ...process.env, TOKEN: 'token of the reader' } })
      .toString()
      .split('\0');
  };
  const expected = (text: string): string[] => [
    ...['-si', '-X', 'POST', 'http://localhost/x?q=1', '-H', 'Authorization: Bearer token of the reader', '-H', `X-Text: ${text}`],
    ...['--data-binary', text, ''],
  ];
  const hasBash = spawnSync('bash', ['-c', 'exit']).status === 0;

  test.each(["it's", '$HOME `id` "x" !', 'مرحبا 😀'])('%j', (text) => {
    expect(partsBy('sh', text)).toEqual(expected(text));
  });

  // Control characters are written as only bash reads them.
  (hasBash ? test : test.skip)(`a text with control characters${hasBash ? '' : ' (skipped: there is no bash here)'}`, () => {
    const text = "tab\tnew\nline and \\ and 'quote'";

    expect(partsBy('bash', text)).toEqual(expected(text));
  });
});
