import { afterEach } from '@jest/globals';
import { createDuetClient, type DuetClient, type DuetClientOptions, type Exchange, type Session } from '../../../client/index.js';
import { memoryStorage, type Mirror, type MirrorSnapshot, type MirrorStorage } from '../../../client/mirror/index.js';
import { eventually } from '../../support/eventually.js';
import { ClientHarness, sessionOf } from '../client-harness.js';

/** A device of a user: a client whose network can be cut, and a mirror. */
export interface Device {
  readonly duet: DuetClient;
  /** Another client of the same user, whose network is never cut. */
  readonly elsewhere: DuetClient;
  readonly mirror: Mirror;
  readonly exchanges: Exchange[];
  online: boolean;
  /** What the mirror shows once that is so. */
  shows(condition: (snapshot: MirrorSnapshot) => boolean, what: string): Promise<MirrorSnapshot>;
  titles(): string[];
}

export interface DeviceOptions extends Partial<Omit<DuetClientOptions, 'fetch'>> {
  readonly fetch?: (url: string, init?: RequestInit) => Promise<Response>;
  readonly storage?: MirrorStorage;
  readonly pollMs?: number;
}

/** Mirrors of a real service, closed after each test. */
export class MirrorHarness extends ClientHarness {
  private readonly mirrors: Mirror[] = [];

  constructor() {
    super();
    afterEach(async () => {
      await Promise.all(this.mirrors.splice(0).map(async (mirror) => mirror.close()));
    });
  }

  readonly newSession = async (): Promise<Session> => sessionOf(await this.service.signUp());

  /** Polls rarely if nothing else is said, so that what a test sees comes from what it did. */
  readonly device = (session: Session, { storage = memoryStorage(), pollMs = 60_000, fetch = globalThis.fetch, ...options }: DeviceOptions = {}): Device => {
    const exchanges: Exchange[] = [];
    const cuttable: typeof globalThis.fetch = async (input, init) => {
      if (!device.online) {
        throw new TypeError('fetch failed');
      }
      return fetch(input as string, init);
    };
    const duet = createDuetClient({
      baseUrl: this.service.url,
      session,
      retries: 0,
      timeoutMs: 10_000,
      fetch: cuttable,
      onExchange: (exchange) => exchanges.push(exchange),
      ...options,
    });
    const device: Device = {
      duet,
      elsewhere: createDuetClient({ baseUrl: this.service.url, session }),
      exchanges,
      online: true,
      get mirror() {
        return mirror;
      },
      shows: async (condition, what) =>
        eventually(
          () => {
            const snapshot = mirror.getSnapshot();
            return condition(snapshot) ? snapshot : null;
          },
          { what },
        ),
      titles: () => mirror.getSnapshot().todos.map(({ title }) => title),
    };
    const mirror = duet.mirror({ storage, pollMs });
    this.mirrors.push(mirror);
    return device;
  };

  /** A device that holds what the service has. */
  readonly currentDevice = async (session: Session, options: DeviceOptions = {}): Promise<Device> => {
    const device = this.device(session, options);
    await device.mirror.refresh();
    return device;
  };
}

/** The bodies of the batches that were sent, with their keys. */
export function batchesOf({ exchanges }: Device): { key: string | null; operations: unknown[]; status: number | undefined }[] {
  return exchanges
    .filter(({ method, url }) => method === 'POST' && url.endsWith('/batch'))
    .map(({ requestHeaders, requestBody, status }) => ({
      key: requestHeaders.get('Idempotency-Key'),
      operations: JSON.parse(requestBody ?? '{}').operations,
      status,
    }));
}
