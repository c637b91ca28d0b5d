import { expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { createDuetClient, type DuetClient } from '../../client/index.js';
import { eventually } from '../support/eventually.js';
import { addTodo, describeApp, newPerson, signUp, titlesOf, useBrowser } from './app-page.js';

// Real: the app as it is built, in Chromium, and the service with both stores. The other device is the client; the connection is cut by the browser.

describeApp('Without a connection', () => {
  const browser = useBrowser();

  async function start(): Promise<{ page: Page; elsewhere: DuetClient }> {
    const person = newPerson();
    const page = await browser.open();
    await signUp(page, person);
    const elsewhere = createDuetClient({ baseUrl: process.env['DUET_TEST_APP'] ?? '' });
    await elsewhere.signIn({ email: person.email, password: person.password });
    return { page, elsewhere };
  }

  const saved = async (page: Page): Promise<void> => page.getByRole('button', { name: 'All saved' }).waitFor();

  test('writes show at once, wait in a list that says so, and are sent when it is back', async () => {
    const { page, elsewhere } = await start();
    await addTodo(page, 'Made before');
    await saved(page);

    await page.context().setOffline(true);
    await addTodo(page, 'Made offline today #later');
    await page.getByLabel('Done: Made before').click();
    await page.getByRole('button', { name: 'Offline: 2 changes wait' }).click();
    const waiting = page.getByRole('dialog').getByRole('list');
    await waiting.waitFor();
    expect(await waiting.getByRole('listitem').allTextContents()).toEqual(['New Made offline', 'Changed Made before']);
    await page.getByRole('dialog').getByRole('button', { name: 'Close', exact: true }).last().click();
    expect(await titlesOf(page)).toEqual(['Made offline']);
    await page.context().setOffline(false);
    await saved(page);

    expect((await elsewhere.todos.list().take(10)).map(({ title, status }) => `${title} ${status}`)).toEqual(['Made offline open', 'Made before done']);
  });

  test.each([
    { keep: 'Keep mine', title: 'Mine', priority: 'high' },
    { keep: 'Keep theirs', title: 'Theirs', priority: 'normal' },
  ])('what was changed in both places is shown side by side, and $keep holds in both', async ({ keep, title, priority }) => {
    const { page, elsewhere } = await start();
    await addTodo(page, 'Original');
    await saved(page);
    await page.context().setOffline(true);
    await page.getByRole('button', { name: 'Original' }).first().click();
    await page.getByLabel('Title').fill('Mine');
    await page.getByRole('dialog').getByLabel('Priority').selectOption('High');
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click();
    const [there] = await elsewhere.todos.list().take(1);
    await elsewhere.todos.update(there!, { title: 'Theirs' });

    await page.context().setOffline(false);
    await page.getByRole('button', { name: 'Compare' }).click();
    const row = page.getByRole('dialog').getByRole('row', { name: /^Title/ });
    await row.waitFor();
    expect(await row.getByRole('cell').allTextContents()).toEqual(['Mine', 'Theirs']);
    await page.getByRole('button', { name: keep }).click();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await saved(page);

    expect(await titlesOf(page)).toEqual([title]);
    expect(await elsewhere.todos.list().take(2)).toEqual([expect.objectContaining({ title, priority })]);
  });

  test('what is written elsewhere, or in another window, shows here by itself', async () => {
    const { page, elsewhere } = await start();
    const second = await browser.another(page);
    await second.goto(page.url());

    await addTodo(second, 'From the other window');
    await elsewhere.todos.create({ title: 'From another device' });

    for (const window of [page, second]) {
      await window.getByLabel('Done: From the other window').waitFor();
      await window.getByLabel('Done: From another device').waitFor();
    }
  });

  test('signing out removes everything of the user from the browser', async () => {
    const { page } = await start();
    await addTodo(page, 'Secret');
    await saved(page);
    await page.getByRole('link', { name: 'Account' }).click();
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();

    const kept = async (): Promise<unknown> => page.evaluate(`indexedDB.databases().then((found) => found.map(({ name }) => name).join())`);
    await eventually(async () => (await kept()) === 'duet-account', { what: 'only the empty account to be left' });
    const accounts = await page.evaluate(`new Promise((done) => {
      indexedDB.open('duet-account').onsuccess = ({ target }) => {
        target.result.transaction('account').objectStore('account').count().onsuccess = (counted) => done(counted.target.result);
      };
    })`);
    expect(accounts).toBe(0);
  });
});
