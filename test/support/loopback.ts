import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server that takes connections on a loopback port. */
export interface LoopbackServer {
  readonly url: string;
  /** Ends it, and whatever connections it has. */
  stop(): Promise<void>;
}

/** Has a server listen on a free loopback port. */
export async function listenOnLoopback(server: Server): Promise<LoopbackServer> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
