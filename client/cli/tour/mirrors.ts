import { createDuetClient } from '../../index.js';
import { memoryStorage, type Mirror } from '../../mirror/index.js';
import { check, fail, type Tourist } from './tourist.js';

/** Something with a mirror of the user's todos, whose network can be cut. */
class Device {
  isOnline = true;
  readonly mirror: Mirror;

  constructor({ duet, url, onExchange }: Tourist) {
    const fetch: typeof globalThis.fetch = async (input, init) => {
      if (!this.isOnline) {
        throw new TypeError('The network of this device is cut');
      }
      return globalThis.fetch(input, init);
    };
    const own = createDuetClient({ baseUrl: url, session: duet.session, retries: 0, fetch, onExchange });
    this.mirror = own.mirror({ storage: memoryStorage() });
  }

  get titles(): string[] {
    return this.mirror.getSnapshot().todos.map(({ title }) => title);
  }

  /** The id of the one todo of that title. */
  id(title: string): string {
    return this.mirror.getSnapshot().todos.find((todo) => todo.title === title)?.id ?? fail(`there is no todo “${title}” on the device`);
  }
}

async function onTwoDevices(tourist: Tourist, play: (phone: Device, laptop: Device) => Promise<string>): Promise<string> {
  const devices = [new Device(tourist), new Device(tourist)] as const;
  try {
    await synchronise(...devices);
    return await play(...devices);
  } finally {
    await Promise.all(devices.map(async ({ mirror }) => mirror.close()));
  }
}

/** One after the other, so that the last one has what the first one wrote. */
async function synchronise(...devices: readonly Device[]): Promise<void> {
  for (const { mirror } of devices) {
    await mirror.refresh();
    check('the device', [mirror.getSnapshot().status, mirror.getSnapshot().pending], ['current', []]);
  }
}

export async function writeOffline(tourist: Tourist): Promise<string> {
  return onTwoDevices(tourist, async (phone, laptop) => {
    const before = laptop.titles;
    phone.isOnline = false;
    phone.mirror.create({ title: 'Buy bread' });
    await phone.mirror.refresh();
    check('the phone without a network', [phone.mirror.getSnapshot().status, phone.titles], ['offline', ['Buy bread', ...before]]);
    phone.isOnline = true;
    await synchronise(phone, laptop);
    const listed = (await tourist.duet.todos.list().take(100)).map(({ title }) => title);
    check('both devices afterwards', [phone.titles, laptop.titles], [listed, listed]);
    check('what was written', listed, ['Buy bread', ...before]);
    return 'shown at once on the phone, sent when its network was back, and then on the laptop';
  });
}

export async function conflictOnTwoDevices(tourist: Tourist): Promise<string> {
  return onTwoDevices(tourist, async (phone, laptop) => {
    phone.isOnline = false;
    phone.mirror.patch(phone.id('Buy bread'), { title: 'Buy rye bread' });
    laptop.mirror.patch(laptop.id('Buy bread'), { title: 'Buy white bread' });
    await synchronise(laptop);
    phone.isOnline = true;
    await synchronise(phone);
    const [conflict, ...others] = phone.mirror.getSnapshot().conflicts;
    check('the conflict', [conflict?.base.title, conflict?.mine, conflict?.theirs?.title], ['Buy bread', { title: 'Buy rye bread' }, 'Buy white bread']);
    check('other conflicts', others, []);
    phone.mirror.resolve(conflict?.id ?? '', 'mine');
    await synchronise(phone, laptop);
    check('both devices afterwards', [phone.titles[0], laptop.titles[0]], ['Buy rye bread', 'Buy rye bread']);
    return 'the phone had both versions to choose from: “Buy rye bread” was kept, and the laptop shows it';
  });
}

export async function undoADeletion(tourist: Tourist): Promise<string> {
  return onTwoDevices(tourist, async (phone, laptop) => {
    const before = laptop.titles;
    const title = 'Buy rye bread';
    laptop.mirror.delete(laptop.id(title));
    await synchronise(laptop, phone);
    check('both devices after the deletion', [phone.titles.includes(title), laptop.titles.includes(title)], [false, false]);
    laptop.mirror.create({ title });
    await synchronise(laptop, phone);
    check('both devices after the undo', [phone.titles, laptop.titles], [before, before]);
    return `“${title}” went and came back, on both devices`;
  });
}
