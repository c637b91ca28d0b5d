import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from '@jest/globals';
import type { Browser, BrowserContext, Page, Request } from 'playwright-core';
import { createDuetClient, type Session } from '../../../client/index.js';
import type { MirrorSnapshot } from '../../../client/mirror/index.js';
import { eventually } from '../../support/eventually.js';
import { startService, type TestService } from '../../support/service.js';
import { sessionOf } from '../client-harness.js';
import { browsing, launchChromium, whereSkipped } from './chromium.js';
import { type Site, startSite } from './site.js';

// Real: mirrors in a headless Chromium, its IndexedDB, Web Locks and BroadcastChannels, against the service over HTTP and both stores.

const script = `
  import { createDuetClient } from './index.js';
  import { indexedDbStorage } from './mirror/indexed-db.js';
  window.begin = async (session, pollMs) => {
    window.duet = createDuetClient({ baseUrl: location.origin, session, retries: 0 });
    window.mirror = duet.mirror({ storage: indexedDbStorage(), pollMs });
    await mirror.refresh();
  };
`;

let service: TestService;
let browser: Browser | undefined;
let site: Site;
beforeAll(async () => {
  [service, browser] = await Promise.all([startService(), launchChromium()]);
  site = await startSite(service.url, script);
});
afterAll(async () => {
  await browser?.close();
  await site?.stop();
  await service?.stop();
});

let context: BrowserContext | undefined;
beforeEach(async () => {
  context = await browser?.newContext();
  site.cut = false;
});
afterEach(async () => context?.close());

/** A tab with a mirror. It polls rarely if nothing else is said, so that what a test sees comes from what it did. */
class Tab {
  readonly requests: Request[] = [];

  private constructor(readonly page: Page) {
    page.on('request', (request) => this.requests.push(request));
  }

  static async open(session: Session, pollMs = 600_000): Promise<Tab> {
    const tab = new Tab(await context!.newPage());
    await tab.load(session, pollMs);
    return tab;
  }

  async load(session: Session, pollMs = 600_000): Promise<void> {
    await this.page.goto(`${site.url}/page`);
    await this.page.evaluate(`begin(${JSON.stringify(session)}, ${pollMs})`);
  }

  async run<T>(code: string): Promise<T> {
    return this.page.evaluate<T>(code);
  }

  async snapshot(): Promise<MirrorSnapshot> {
    return this.run('mirror.getSnapshot()');
  }

  async titles(): Promise<string> {
    return (await this.snapshot()).todos.map(({ title }) => title).join();
  }

  async shows(titles: string, pending = 0): Promise<void> {
    const isSo = async (): Promise<boolean> => (await this.titles()) === titles && (await this.snapshot()).pending.length === pending;
    await eventually(isSo, { what: `a tab shows ${titles} with ${pending} writes that wait` });
  }

  /** How often it has asked the service. */
  asked(path: string): number {
    return this.requests.filter((request) => new URL(request.url()).pathname.endsWith(path)).length;
  }
}

const newSession = async (): Promise<Session> => sessionOf(await service.signUp());
const listed = async (session: Session): Promise<string> =>
  (await createDuetClient({ baseUrl: service.url, session }).todos.list().take(10)).map(({ title }) => title).join();

describe('A mirror in IndexedDB', () => {
  browsing(`keeps what it holds and what waits over a reload, and sends it once ${whereSkipped}`, async () => {
    const session = await newSession();
    const tab = await Tab.open(session);
    await tab.run(`mirror.create({ title: 'Plants' })`);
    await tab.shows('Plants');
    site.cut = true;
    await tab.run(`mirror.patch(mirror.getSnapshot().todos[0].id, { priority: 'high' }); mirror.create({ title: 'Taxes' })`);
    await tab.shows('Taxes,Plants', 2);
    await eventually(async () => (await tab.snapshot()).status === 'offline', { what: 'it is offline' });

    await tab.load(session);
    expect(await tab.snapshot()).toMatchObject({ status: 'offline', pending: [{ kind: 'patch' }, { kind: 'create' }] });
    expect(await tab.titles()).toBe('Taxes,Plants');
    site.cut = false;
    await tab.run('mirror.refresh()');

    await tab.shows('Taxes,Plants');
    expect(await tab.snapshot()).toMatchObject({ status: 'current', conflicts: [], rejected: [] });
    expect(await listed(session)).toBe('Taxes,Plants');
  });

  browsing(`of one user is apart from that of another, and clear() leaves no database ${whereSkipped}`, async () => {
    const [ada, bob] = [await newSession(), await newSession()];
    const tab = await Tab.open(ada);
    site.cut = true;
    await tab.run(`mirror.create({ title: 'Ada’s' })`);
    await tab.shows('Ada’s', 1);
    await tab.run('mirror.close()');
    site.cut = false;

    await tab.load(bob);
    expect(await tab.snapshot()).toMatchObject({ status: 'current', todos: [], pending: [] });
    await tab.run('mirror.clear()');
    expect([await listed(bob), await listed(ada)]).toEqual(['', '']);
    expect(await tab.run('indexedDB.databases().then((all) => all.map(({ name }) => name))')).toEqual([`duet:${ada.userId}`]);

    await tab.load(ada);
    await tab.shows('Ada’s');
    expect(await listed(ada)).toBe('Ada’s');
  });
});

describe('Two tabs of one user', () => {
  browsing(`agree, and only one of them asks the service; the other takes over when that is closed ${whereSkipped}`, async () => {
    const session = await newSession();
    const first = await Tab.open(session);
    const second = await Tab.open(session, 50);

    await second.run(`mirror.create({ title: 'Plants' })`);
    await Promise.all([first.shows('Plants'), second.shows('Plants')]);
    // Named by the id that it had before the first tab had it created.
    await second.run(`window.made = mirror.create({ title: 'Taxes' })`);
    await Promise.all([first.shows('Taxes,Plants'), second.shows('Taxes,Plants')]);
    await second.run(`mirror.patch(made, { title: 'Taxes, filed' })`);
    await Promise.all([first.shows('Taxes, filed,Plants'), second.shows('Taxes, filed,Plants')]);
    await second.run('mirror.refresh()');
    expect([second.asked('/changes'), second.asked('/batch'), first.asked('/batch')]).toEqual([0, 0, 3]);
    expect((await second.snapshot()).status).toBe('current');

    site.cut = true;
    await second.run(`mirror.create({ title: 'Late' })`);
    await first.shows('Late,Taxes, filed,Plants', 1);
    await first.page.close();
    site.cut = false;

    await second.shows('Late,Taxes, filed,Plants');
    expect(second.asked('/changes')).toBeGreaterThan(0);
    expect(await listed(session)).toBe('Late,Taxes, filed,Plants');
  });

  browsing(`of which one signs out forget both what was stored ${whereSkipped}`, async () => {
    const session = await newSession();
    const [first, second] = [await Tab.open(session), await Tab.open(session)];
    await first.run(`mirror.create({ title: 'Plants' })`);
    await Promise.all([first.shows('Plants'), second.shows('Plants')]);

    await first.run('mirror.clear()');

    await eventually(async () => (await second.snapshot()).status === 'closed', { what: 'the other tab is closed, too' });
    expect(await second.snapshot()).toMatchObject({ todos: [], pending: [] });
    await eventually(async () => (await second.run<unknown[]>('indexedDB.databases()')).length === 0, { what: 'no database is left' });
  });

  browsing(`agree also where there are no Web Locks and no BroadcastChannels, and write once ${whereSkipped}`, async () => {
    await context!.addInitScript(`delete globalThis.BroadcastChannel; Object.defineProperty(navigator, 'locks', { value: undefined });`);
    const session = await newSession();
    const [first, second] = [await Tab.open(session, 100), await Tab.open(session, 100)];

    await first.run(`mirror.create({ title: 'Plants' })`);
    await Promise.all([first.shows('Plants'), second.shows('Plants')]);
    await second.run(`mirror.patch(mirror.getSnapshot().todos[0].id, { title: 'Trees' })`);
    await Promise.all([first.shows('Trees'), second.shows('Trees')]);

    expect([first.asked('/changes') > 0, second.asked('/changes') > 0]).toEqual([true, true]);
    expect(await listed(session)).toBe('Trees');
    expect((await first.snapshot()).conflicts).toEqual([]);
  });
});
