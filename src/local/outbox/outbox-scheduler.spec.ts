import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { StoreUnavailableError } from '../../common/errors/errors.js';
import type { OutboxJanitor } from '../../features/outbox/worker/outbox-janitor.js';
import type { OutboxService } from '../../features/outbox/outbox.service.js';
import type { OutboxWorker } from '../../features/outbox/worker/outbox-worker.js';
import type { Log } from '../../platform/observability/log.js';
import { OutboxScheduler } from './outbox-scheduler.js';

// Real: the scheduler. Not real: the worker, whose runs end when a test says so, and time.

let runs: PromiseWithResolvers<number>[];
let mayContinue: () => boolean;
let notify: () => void;
let janitor: jest.Mock<OutboxJanitor['deleteOld']>;
let warnings: string[];
let scheduler: OutboxScheduler;

interface PromiseWithResolvers<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

beforeEach(() => {
  jest.useFakeTimers();
  runs = [];
  warnings = [];
  janitor = jest.fn<OutboxJanitor['deleteOld']>(async () => 0);
  const drain = async (goOn: () => boolean): Promise<number> => {
    mayContinue = goOn;
    return new Promise((resolve, reject) => runs.push({ resolve, reject }));
  };
  scheduler = new OutboxScheduler(
    { drain } as unknown as OutboxWorker,
    { deleteOld: janitor } as unknown as OutboxJanitor,
    { warn: (message: string) => void warnings.push(message) } as unknown as Log,
    { onNotify: (listener: () => void) => void (notify = listener) } as unknown as OutboxService,
  );
});
afterEach(() => {
  jest.useRealTimers();
});

const pass = async (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);
const endRun = async (index: number): Promise<void> => {
  runs[index]?.resolve(0);
  await pass(0);
};

describe('The outbox scheduler', () => {
  test('makes one run of a burst of changes, and none before the answers are out', async () => {
    for (let change = 0; change < 50; change += 1) {
      notify();
    }
    expect(runs).toHaveLength(0);
    await pass(25);
    expect(runs).toHaveLength(1);

    await endRun(0);
    await pass(60_000);
    expect(runs).toHaveLength(1);
  });

  test('runs once more for changes that come during a run', async () => {
    notify();
    await pass(25);
    notify();
    notify();
    await pass(1_000);
    expect(runs).toHaveLength(1);

    await endRun(0);
    await pass(25);
    expect(runs).toHaveLength(2);
    await endRun(1);
    await pass(60_000);
    expect(runs).toHaveLength(2);
  });

  test('runs every second once it is started, and sooner after a change', async () => {
    scheduler.start();
    await pass(25);
    await endRun(0);
    await pass(999);
    expect(runs).toHaveLength(1);
    await pass(1);
    expect(runs).toHaveLength(2);

    await endRun(1);
    notify();
    await pass(25);
    expect(runs).toHaveLength(3);
  });

  test('runs again after a run that failed', async () => {
    scheduler.start();
    await pass(25);
    runs[0]?.reject(new StoreUnavailableError('postgres'));
    await pass(1_000);

    expect(warnings).toEqual(['the outbox could not be worked on']);
    expect(runs).toHaveLength(2);
  });

  test('deletes old rows every hour once it is started', async () => {
    scheduler.start();
    await pass(3_600_000);

    expect(janitor).toHaveBeenCalledTimes(1);
  });

  test('begins no run after it was stopped', async () => {
    scheduler.start();
    await scheduler.onModuleDestroy();
    notify();
    await pass(60_000);

    expect(runs).toHaveLength(0);
  });

  test('lets the run in progress end before it has stopped, and asks it to', async () => {
    notify();
    await pass(25);
    let stopped = false;
    const stopping = scheduler.onModuleDestroy().then(() => (stopped = true));
    await pass(1_000);
    expect([stopped, mayContinue()]).toEqual([false, false]);

    await endRun(0);
    await stopping;
    expect(runs).toHaveLength(1);
  });
});
