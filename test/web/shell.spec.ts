import { createServer } from 'node:http';
import { afterEach, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { eventually } from '../support/eventually.js';
import { listenOnLoopback, type LoopbackServer } from '../support/loopback.js';
import { addTodo, appUrl, describeApp, newPerson, signUp, titlesOf, useBrowser } from './app-page.js';

// Real: the app as it is built, in Chromium with its service worker, and the service with both stores. A later version of the app is the same one, served by a
// proxy that changes the worker.

describeApp('The service worker', () => {
  const browser = useBrowser();
  const proxies: LoopbackServer[] = [];
  afterEach(async () => void (await Promise.all(proxies.splice(0).map(async (proxy) => proxy.stop()))));

  /** Waits until the worker has the whole shell, and the page. */
  async function workerIsThere(page: Page): Promise<void> {
    // It is fetched with the first sign of a person.
    await page.keyboard.press('Shift');
    await eventually(async () => page.evaluate('navigator.serviceWorker.controller?.state === "activated"'), { what: 'the worker to be at work' });
  }

  const keptFiles = async (page: Page): Promise<string[]> =>
    (await page.evaluate(`caches.keys().then(async (names) =>
      (await Promise.all(names.map(async (name) => (await (await caches.open(name)).keys()).map(({ url }) => name.replace(/-[^-]*$/, '') + ' ' + url)))).flat())`)) as string[];
  const versions = async (page: Page): Promise<string[]> => (await page.evaluate('caches.keys()')) as string[];

  test('opens the app without a connection, with the todos that were there, and takes new ones', async () => {
    const page = await browser.open();
    await signUp(page, newPerson());
    await addTodo(page, 'Made before');
    await page.getByRole('button', { name: 'All saved' }).waitFor();
    await workerIsThere(page);

    await page.context().setOffline(true);
    await page.reload();
    await page.getByLabel('Done: Made before').waitFor();
    await addTodo(page, 'Made offline');
    await page.getByRole('button', { name: 'Offline: 1 change waits' }).waitFor();
    await page.getByRole('button', { name: 'Made before' }).first().click();
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    for (const name of ['Dashboard', 'Visits', 'Account', 'Todos']) {
      await page.getByRole('link', { name }).click();
      await page.getByRole('heading', { name, level: 1 }).waitFor();
    }

    expect(await titlesOf(page)).toEqual(['Made offline', 'Made before']);
    await page.context().setOffline(false);
    await page.getByRole('button', { name: 'All saved' }).waitFor();
  });

  test('keeps the files of the shell, and no answer of the API', async () => {
    const page = await browser.open();
    await signUp(page, newPerson());
    await workerIsThere(page);
    await page.reload();
    await page.getByRole('link', { name: 'Account' }).click();
    await page.getByRole('heading', { name: 'Profile' }).waitFor();

    const kept = await keptFiles(page);

    expect(kept).toContain(`duet-shell ${appUrl()}`);
    expect(kept.filter((file) => !new RegExp(`^duet-shell ${appUrl()}(assets/[\\w-]+\\.(js|css)|[\\w-]+\\.(json|png|svg|webmanifest))?$`).test(file))).toEqual(
      [],
    );
  });

  test('offers a later version, goes on with the one that is there until that is taken, and then keeps the later one alone', async () => {
    const { url, release } = await startProxy();
    const page = await browser.open();
    await page.goto(`${url}/app/`);
    await page.getByLabel('E-mail').waitFor();
    await workerIsThere(page);
    const [first] = await versions(page);
    expect(await page.getByText('A new version').count()).toBe(0);

    release();
    await page.reload();
    await page.keyboard.press('Shift');
    await page.getByText('A new version of Duet is here.').waitFor();
    expect(await versions(page)).toEqual([first, `${first}later`]);
    await page.reload();
    await page.getByLabel('E-mail').fill('typed@example.com');
    await page.keyboard.press('Shift');
    await page.getByText('A new version of Duet is here.').waitFor();
    expect(await page.getByLabel('E-mail').inputValue()).toBe('typed@example.com');
    await Promise.all([page.waitForEvent('load'), page.getByRole('button', { name: 'Load it' }).click()]);

    await page.getByLabel('E-mail').waitFor();
    await eventually(async () => (await versions(page)).length === 1, { what: 'the earlier version to be gone' });
    expect(await versions(page)).toEqual([`${first}later`]);
  });

  /** Serves the app as the service does, and from `release()` on a later version of it. */
  async function startProxy(): Promise<{ url: string; release: () => void }> {
    let isLater = false;
    const server = createServer((request, response) => {
      void fetch(`${process.env['DUET_TEST_APP'] ?? ''}${request.url ?? ''}`).then(async (answer) => {
        const body = Buffer.from(await answer.arrayBuffer());
        const isWorker = isLater && request.url?.endsWith('/shell-worker.js') === true;
        const { 'content-length': _length, ...headers } = Object.fromEntries(answer.headers);
        response.writeHead(answer.status, headers);
        response.end(isWorker ? body.toString().replace(/(shellName = 'duet-shell-\w+)/, '$1later') : body);
      });
    });
    const proxy = await listenOnLoopback(server);
    proxies.push(proxy);
    return { url: proxy.url, release: () => void (isLater = true) };
  }
});
