import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { INestApplication } from '@nestjs/common';
import { createServerApp } from '../../../src/local/server/server-app.js';
import { startWireProxy, type WireCall, type WireProxy } from '../../support/faults/wire-proxy.js';
import { type Answer, callService, startService, type TestService } from '../../support/service.js';
import { todoCalls } from '../todos/todo-calls.js';

// Real here: the service over HTTP and DynamoDB, with a proxy between them that shows the calls, and holds them up.

let service: TestService;
beforeAll(async () => {
  service = await startService();
});
afterAll(async () => {
  await service?.stop();
});

const { newUser, create, change } = todoCalls(() => service);

describe('What is asked of DynamoDB', () => {
  let proxy: WireProxy;
  let app: INestApplication;
  let url: string;
  const calls: WireCall[] = [];
  let beforeQuery: () => Promise<unknown> = async () => undefined;
  let beforeTransaction: () => Promise<unknown> = async () => undefined;
  beforeAll(async () => {
    const { config } = service;
    proxy = await startWireProxy(config.dynamodb.endpoint ?? '', async (call, forward) => {
      calls.push(call);
      await (call.operation === 'Query' && beforeQuery());
      await (call.operation === 'TransactWriteItems' && beforeTransaction());
      await forward(call.input);
    });
    app = await createServerApp({ ...config, dynamodb: { ...config.dynamodb, endpoint: proxy.endpoint } });
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
  });
  afterAll(async () => {
    await app?.close();
    await proxy?.stop();
  });

  test('for the feed is read with consistency, and for an empty poll one item alone', async () => {
    const user = newUser();
    await create(user, { title: 'x' });
    calls.length = 0;

    const { next } = (await callService(url, 'GET', `/users/${user.id}/changes`, { token: user.token })).body;

    const consistent = ({ input }: WireCall): unknown[] => [
      input['ConsistentRead'],
      ...Object.values((input['RequestItems'] ?? {}) as Record<string, { ConsistentRead?: boolean }>).map(({ ConsistentRead }) => ConsistentRead),
    ];
    expect(calls.map(({ operation }) => operation)).toEqual(['GetItem', 'Query', 'BatchGetItem']);
    expect(calls.map((call) => consistent(call).filter((one) => one !== undefined))).toEqual([[true], [true], [true]]);
    calls.length = 0;
    await callService(url, 'GET', `/users/${user.id}/changes?since=${next}`, { token: user.token });
    expect(calls.map(({ operation }) => operation)).toEqual(['GetItem']);
    await create(user, { title: 'y' });
    calls.length = 0;
    await callService(url, 'GET', `/users/${user.id}/changes?since=${next}`, { token: user.token });
    // The index, and what was archived.
    expect(calls.map(({ operation }) => operation)).toEqual(['GetItem', 'Query', 'Query', 'BatchGetItem']);
    expect(calls.map((call) => consistent(call).filter((one) => one !== undefined))).toEqual([[true], [true], [true], [true]]);
  });

  test('for the feed goes on behind what it leaves out, also when the time for a page is up before there is anything to show', async () => {
    const user = newUser();
    const { id } = await create(user, { title: 'kept' });
    for (let turn = 0; turn < 6; turn += 1) await change(user, 'DELETE', (await create(user, { title: 'gone' })).id);
    await change(user, 'PATCH', id, { title: 'last' });
    const pages: string[][] = [];
    let since = '';
    beforeQuery = async () => sleep(700);

    while (pages.length < 10 && pages.flat().length === 0) {
      const { body } = await callService(url, 'GET', `/users/${user.id}/changes?limit=1${since}`, { token: user.token });
      pages.push(body.changes.map((one: { id: string }) => one.id));
      since = `&since=${body.next}`;
    }
    beforeQuery = async () => undefined;

    expect(pages[0]).toEqual([]);
    expect(pages.flat()).toEqual([id]);
  });

  test('for the feed is not over where a query ends, when a todo has moved behind the revision that the list had before', async () => {
    const user = newUser();
    const [moved, gone, ...others] = await Promise.all(Array.from({ length: 7 }, async () => create(user, { title: 'x' })));
    await change(user, 'DELETE', gone?.id ?? '');
    beforeQuery = async () => {
      beforeQuery = async () => undefined;
      await change(user, 'PATCH', moved?.id ?? '', { title: 'moved' });
    };

    // The query takes one more than the page: the five others, and the marker of what has gone, which the page leaves out.
    const { body: first } = await callService(url, 'GET', `/users/${user.id}/changes?limit=5`, { token: user.token });
    const { body: second } = await callService(url, 'GET', `/users/${user.id}/changes?limit=5&since=${first.next}`, { token: user.token });

    const idsOf = (changed: readonly { id: string }[]): string[] => changed.map(({ id }) => id);
    expect([first.more, idsOf(first.changes).sort()]).toEqual([true, idsOf(others).sort()]);
    expect([second.more, idsOf(second.changes)]).toEqual([false, [moved?.id]]);
  });

  test('for a batch is one transaction, on condition of the revision read', async () => {
    const user = newUser();
    const { id } = await create(user, { title: 'x' });
    calls.length = 0;

    const operations = [
      { op: 'delete', id },
      { op: 'create', todo: { title: 'y' } },
    ];
    await callService(url, 'POST', `/users/${user.id}/todos/batch`, { token: user.token, body: { operations }, headers: { 'Idempotency-Key': 'k' } });

    const transactions = calls.filter(({ operation }) => operation === 'TransactWriteItems');
    expect(transactions).toHaveLength(1);
    const items = transactions[0]?.input['TransactItems'] as Record<string, { Key?: object; ConditionExpression?: string }>[];
    expect(items.map((item) => Object.keys(item)[0])).toEqual(['Update', 'Put', 'Put', 'Put']);
    expect(items[0]?.['Update']?.ConditionExpression).toBe('attribute_not_exists(deletedAt) AND revision = :read');
    expect(calls.filter(({ operation }) => !['TransactWriteItems', 'BatchGetItem'].includes(operation))).toEqual([]);
  });

  test('for the writes that wait while one is made are fewer transactions than they are', async () => {
    const user = newUser();
    const post = async (): Promise<Answer> => callService(url, 'POST', `/users/${user.id}/todos`, { token: user.token, body: { title: 'x' } });
    const others: Promise<Answer>[] = [];
    beforeTransaction = async () => {
      beforeTransaction = async () => undefined;
      others.push(...Array.from({ length: 5 }, post));
      // By the time that the service has answered what was sent after them, most of them wait.
      await callService(url, 'GET', `/users/${user.id}/todos`, { token: user.token });
    };
    calls.length = 0;

    const answers = [await post(), ...(await Promise.all(others))];

    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201, 201]);
    expect(calls.filter(({ operation }) => operation === 'TransactWriteItems').length).toBeLessThan(answers.length);
  });
});
