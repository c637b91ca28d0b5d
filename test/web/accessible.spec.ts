import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { AxeResults } from 'axe-core';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { addTodo, appUrl, describeApp, newPerson, signUp, useBrowser } from './app-page.js';

// Real: the app as it is built, in Chromium, and the service with both stores. axe finds what a program can find; the keyboard is a person's.

const source = readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds on the page as it is, in light and in dark, each with the elements that it is about. */
async function violations(page: Page): Promise<string[]> {
  const found: string[] = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    // A frame for what changes to begin, and then until it has come to an end.
    await page.evaluate(`new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
      .then(() => Promise.allSettled(document.getAnimations().map(({ finished }) => finished))).then(() => true)`);
    await page.evaluate(await source);
    const run = async (): Promise<AxeResults> => (await page.evaluate('axe.run({ resultTypes: ["violations"] })')) as AxeResults;
    let results = await run();
    if (results.violations.length > 0) {
      // On a machine at its limit colours may be seen while they change: what counts is what stays.
      await sleep(500);
      results = await run();
    }
    found.push(...results.violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${colorScheme}, ${id}: ${html}`)));
  }
  return found;
}

const windows: { readonly name: string; readonly options: BrowserContextOptions }[] = [
  { name: 'wide', options: { viewport: { width: 1280, height: 860 }, reducedMotion: 'reduce' } },
  { name: 'narrow', options: { viewport: { width: 320, height: 640 }, reducedMotion: 'reduce' } },
  // What a window of 1280 by 860 shows at 200 %.
  { name: 'at 200 % zoom', options: { viewport: { width: 640, height: 430 }, deviceScaleFactor: 2, reducedMotion: 'reduce' } },
];

describeApp('Every page', () => {
  const browser = useBrowser();

  test.each(windows)(
    '$name, has nothing that axe finds in light and in dark, and does not scroll sideways',
    async ({ options }) => {
      const page = await browser.open(options);
      const found: Record<string, string[]> = {};
      const look = async (name: string): Promise<void> => {
        found[name] = await violations(page);
        expect([name, await page.evaluate('document.documentElement.scrollWidth <= innerWidth')]).toEqual([name, true]);
      };

      await page.goto(appUrl());
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
      await look('sign in');
      await page.goto(appUrl('#/sign-up'));
      await page.getByRole('heading', { name: 'Create an account' }).waitFor();
      await look('sign up');
      for (const fragment of ['#/forgot', '#/reset/token', '#/verify/token']) {
        await page.goto(appUrl(fragment));
        await page.getByRole('main').getByRole('button').last().waitFor();
        await look(fragment);
      }
      await signUp(page, newPerson());
      await page.getByText('Nothing to do yet').waitFor();
      await look('no todos');
      for (const line of ['Water the plants tomorrow 17:00 #garden !high', 'Read 2020-01-01 !low', 'Rest']) {
        await addTodo(page, line);
      }
      await page.getByRole('button', { name: 'All saved' }).waitFor();
      await page.getByLabel('Done: Rest').click();
      await page.getByRole('button', { name: 'Filter' }).click();
      await page.getByLabel('Show').selectOption('All');
      await page.getByRole('button', { name: 'Select', exact: true }).click();
      await page.getByLabel('Choose Read').check();
      await page.getByLabel('New todo').fill('Call Grace friday 9:00 #home !high');
      await look('todos');
      await page.getByRole('button', { name: 'Water the plants' }).first().click();
      await page.getByRole('dialog').waitFor();
      await page.getByRole('button', { name: 'Add a step' }).click();
      await look('a todo');
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      await page.getByRole('button', { name: 'All saved' }).click();
      await page.getByRole('dialog').waitFor();
      await look('what waits');
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      for (const name of ['Dashboard', 'Archive', 'Visits']) {
        await page.getByRole('link', { name }).click();
        await page.getByRole('heading', { name, level: 1 }).waitFor();
        await page.getByRole('status', { name: 'Loading' }).waitFor({ state: 'detached' });
        await look(name);
      }
      await page.getByRole('link', { name: 'Account' }).click();
      await page.getByRole('button', { name: 'Delete account' }).waitFor();
      await look('account');
      await page.getByRole('button', { name: 'Delete account' }).click();
      await page.getByRole('alertdialog').waitFor();
      await look('delete account');

      expect(found).toEqual(Object.fromEntries(Object.keys(found).map((name) => [name, []])));
    },
    180_000,
  );

  test('can be read with text of twice the size, without scrolling sideways', async () => {
    const page = await browser.open({ viewport: { width: 1280, height: 860 } });
    await signUp(page, newPerson());
    await addTodo(page, 'Water the plants tomorrow 17:00 #garden !high');
    await page.evaluate('document.documentElement.style.fontSize = "200%"');

    for (const name of ['Dashboard', 'Archive', 'Visits', 'Account', 'Todos']) {
      await page.getByRole('link', { name }).click();
      await page.getByRole('heading', { name, level: 1 }).waitFor();
      await page.getByRole('status', { name: 'Loading' }).waitFor({ state: 'detached' });
      expect([name, await page.evaluate('document.documentElement.scrollWidth <= innerWidth')]).toEqual([name, true]);
    }
    const row = page.getByRole('row').filter({ hasText: 'Water the plants' });
    const { height = 0 } = (await row.boundingBox()) ?? {};
    const { height: textHeight = 0 } = (await row.getByText('Water the plants', { exact: true }).boundingBox()) ?? {};
    expect(height).toBeGreaterThan(textHeight * 1.8);
  });

  test.each([
    { reducedMotion: 'no-preference' as const, moves: true },
    { reducedMotion: 'reduce' as const, moves: false },
  ])('with $reducedMotion as to motion, moves: $moves', async ({ reducedMotion, moves }) => {
    const page = await browser.open({ reducedMotion });
    await signUp(page, newPerson());
    await addTodo(page, 'Water the plants');
    await page.getByRole('button', { name: 'Water the plants' }).first().click();
    await page.getByRole('dialog').waitFor();

    const longest = await page.evaluate(`Math.max(...[...document.querySelectorAll('*')].flatMap((element) => {
      const { transitionDuration, animationDuration, animationName } = getComputedStyle(element);
      return [...transitionDuration.split(','), ...(animationName === 'none' ? [] : animationDuration.split(','))].map(parseFloat);
    }))`);

    expect(Number(longest) > 0.01).toBe(moves);
  });
});
