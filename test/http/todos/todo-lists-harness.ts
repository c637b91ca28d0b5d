import { expect } from '@jest/globals';
import { BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import { newId } from '../../../src/common/ids.js';
import { toItem } from '../../../src/features/todos/persistence/todo-items.js';
import { newTodo, type Todo, type TodoContent } from '../../../src/features/todos/todos.js';
import { type Answer, startService } from '../../support/service.js';
import { type TokenBearer, tokenBearer } from '../../support/tokens.js';

export type Query = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A service, and what the specs of lists do with it. Large sets and the archive are written into the tables directly. */
export async function startTodoLists() {
  const service = await startService();

  const list = async (user: TokenBearer, query: Query | string = {}): Promise<Answer> => {
    const parameters =
      typeof query === 'string'
        ? query
        : new URLSearchParams(Object.entries(query).flatMap(([name, value = []]) => [value].flat().map((one): [string, string] => [name, one]))).toString();
    return service.call('GET', `/users/${user.id}/todos?${parameters}`, { token: user.token });
  };

  return {
    service,
    newUser: (timeZone?: string): TokenBearer => tokenBearer(service.config, timeZone),
    list,

    async titles(user: TokenBearer, query: Query | string): Promise<string[]> {
      const { status, body, text } = await list(user, query);
      expect([status, text]).toEqual([200, expect.any(String)]);
      return body.items.map(({ title }: Todo) => title);
    },

    async create(user: TokenBearer, content: Partial<TodoContent>): Promise<Todo> {
      const { status, body, text } = await service.call('POST', `/users/${user.id}/todos`, { token: user.token, body: content });
      expect([status, text]).toEqual([201, expect.any(String)]);
      return body;
    },

    /** Many todos at once, oldest first, past the service. */
    async put(user: TokenBearer, contents: readonly Partial<TodoContent>[], table = service.config.dynamodb.tables.todos): Promise<Todo[]> {
      const todos = contents.map((content) => newTodo({ ...newId(), userId: user.id }, contentOf(content)));
      for (let start = 0; start < todos.length; start += 25) {
        await service.truth.dynamodb.send(
          new BatchWriteCommand({ RequestItems: { [table]: todos.slice(start, start + 25).map((todo) => ({ PutRequest: { Item: toItem(todo, 90, 1) } })) } }),
        );
      }
      return todos;
    },

    /** Every page from first to last: each but the last with a cursor. */
    async walk(user: TokenBearer, query: Query): Promise<{ items: Todo[]; pages: number[] }> {
      const items: Todo[] = [];
      const pages: number[] = [];
      let cursor: string | null | undefined;
      while (cursor !== null && pages.length < 500) {
        const { status, body, text } = await list(user, { ...query, ...(cursor !== undefined && { cursor }) });
        expect([status, text]).toEqual([200, expect.any(String)]);
        items.push(...body.items);
        pages.push(body.items.length);
        cursor = body.nextCursor;
      }
      expect(cursor).toBeNull();
      return { items, pages };
    },

    async stop(): Promise<void> {
      await service.stop();
    },
  };
}

export type TodoLists = Awaited<ReturnType<typeof startTodoLists>>;

const contentOf = (content: Partial<TodoContent>): TodoContent => ({
  title: 'x',
  description: null,
  status: 'open',
  priority: 'normal',
  due: null,
  tags: [],
  checklist: [],
  ...content,
});
