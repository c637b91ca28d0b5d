import { gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { appUrl, describeApp, newPerson, signUp, useBrowser } from './app-page.js';

// Real: the app as it is built, in Chromium, and the service with both stores. Nothing is taken from a cache: each window is the first of its browser.

/** Bytes of JavaScript that a first load may bring, gzipped. */
const budget = 100_000;

describeApp('The first load', () => {
  const browser = useBrowser();

  /** Every script that the page, or a worker of it, asks for from now on, by its name, with its size as a server sends it. */
  function scriptsOf(page: Page): { settled(): Promise<ReadonlyMap<string, number>> } {
    const scripts: Promise<[string, number]>[] = [];
    page.context().on('response', (response) => {
      const name = new URL(response.url()).pathname.replace('/app/', '');
      if (name.endsWith('.js')) {
        scripts.push(response.body().then((body) => [name, gzipSync(body).length]));
      }
    });
    return {
      async settled() {
        await page.waitForLoadState('networkidle');
        return new Map(await Promise.all(scripts));
      },
    };
  }

  const total = (sizes: ReadonlyMap<string, number>): number => [...sizes.values()].reduce((sum, size) => sum + size, 0);

  test('of the form to sign in is at most 100 kB of JavaScript, also while the user does nothing', async () => {
    const page = await browser.open();
    const scripts = scriptsOf(page);

    await page.goto(appUrl());
    await page.getByLabel('E-mail').waitFor();
    const sizes = await scripts.settled();

    expect(sizes.size).toBeGreaterThan(0);
    expect(total(sizes)).toBeLessThanOrEqual(budget);
  });

  test('of someone’s todos is at most 100 kB of JavaScript; the rest comes with the first sign of the person', async () => {
    const page = await browser.open({ serviceWorkers: 'block' });
    await signUp(page, newPerson());
    const again = await browser.another(page);
    const cache = await page.context().newCDPSession(again);
    await cache.send('Network.setCacheDisabled', { cacheDisabled: true });
    const scripts = scriptsOf(again);

    await again.goto(appUrl());
    await again.getByText('Nothing to do yet').waitFor();
    const sizes = await scripts.settled();
    await again.mouse.move(200, 200);
    await again.waitForResponse(/todo-editor/);

    expect([...sizes.keys()].filter((name) => /dialog|editor|worker|account/.test(name))).toEqual([]);
    expect(total(sizes)).toBeGreaterThan(50_000);
    expect(total(sizes)).toBeLessThanOrEqual(budget);
  });
});
