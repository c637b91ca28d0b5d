import { expect, jest, test } from '@jest/globals';
import type { AppConfig } from '../../config/config.module.js';

// Not real: the SDK's client, which cannot be made the first time.
let broken = true;
jest.unstable_mockModule('./client.js', () => ({
  PutEventsCommand: class {},
  EventBridgeClient: class {
    constructor() {
      if (broken) throw new Error('cannot be loaded');
    }

    async send(): Promise<object> {
      return { FailedEntryCount: 0, Entries: [{ EventId: 'a' }] };
    }
  },
}));
const { EventBridge } = await import('./eventbridge.js');

test('A client that could not be loaded is loaded again by the next call', async () => {
  const config = { region: 'eu-central-1', events: { busName: 'duet-test' } };
  const eventBridge = new EventBridge(config as unknown as AppConfig);
  const entry = { source: 'duet', detailType: 'x', detail: '{}', time: new Date(0) };

  const first = await eventBridge.put([entry]);
  broken = false;
  const second = await eventBridge.put([entry]);

  expect(first).toEqual([{ accepted: false, permanent: false, reason: expect.stringContaining('cannot be loaded') }]);
  expect(second).toEqual([{ accepted: true }]);
});
