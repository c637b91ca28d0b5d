import { readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { readPublishedDocument, serviceVersion } from './published-document.js';

test('The service says the version that package.json has', async () => {
  const { version } = JSON.parse(await readFile('package.json', 'utf8')) as { version: string };

  expect(serviceVersion).toBe(version);
});

test('The contract says how long a page is by default, and which headers a client can count on', async () => {
  const { paths } = JSON.parse(await readPublishedDocument()) as Contract;

  const limits = ['/users', '/users/{id}/todos', '/dynamo'].map((path) => paths[path]?.['get']?.parameters?.find(({ name }) => name === 'limit'));
  expect(limits.map((limit) => limit?.schema.default)).toEqual([25, 25, 25]);
  const required = (path: string, method: string, status: number, name: string) => paths[path]?.[method]?.responses[status]?.headers?.[name]?.required;
  expect(required('/users/{id}/todos', 'post', 201, 'ETag')).toBe(true);
  expect(required('/users/{id}/todos', 'post', 201, 'Idempotency-Replayed')).toBe(false);
  expect(required('/auth/login', 'post', 401, 'WWW-Authenticate')).toBe(true);
  expect([required('/users', 'post', 400, 'RateLimit'), required('/users/{id}', 'patch', 200, 'RateLimit')]).toEqual([true, false]);
});

test('Every tag of an operation is declared, and the account is deleted by the last group', async () => {
  const { paths, tags } = JSON.parse(await readPublishedDocument()) as {
    readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly tags: readonly string[] }>>>>;
    readonly tags: readonly { readonly name: string }[];
  };

  const used = Object.values(paths).flatMap((path) => Object.values(path).flatMap((operation) => operation.tags));
  expect(tags.map(({ name }) => name).sort()).toEqual([...new Set(used)].sort());
  expect(tags.at(-1)?.name).toBe('Users');
});

interface Contract {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          {
            readonly parameters?: readonly { readonly name: string; readonly schema: { readonly default?: unknown } }[];
            readonly responses: Readonly<Record<string, { readonly headers?: Readonly<Record<string, { readonly required?: boolean }>> }>>;
          }
        >
      >
    >
  >;
}
