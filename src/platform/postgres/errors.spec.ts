import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from '@jest/globals';
import pg from 'pg';
import { isConnectionLost } from './errors.js';

test('A server that accepts a connection and says nothing is one that cannot be reached', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = new pg.Client({ host: '127.0.0.1', port, connectionTimeoutMillis: 50 });

  const error: unknown = await client.connect().then(
    () => undefined,
    (failure: unknown) => failure,
  );
  server.close();

  expect(error).toMatchObject({ message: 'timeout expired' });
  expect(isConnectionLost(error)).toBe(true);
});
