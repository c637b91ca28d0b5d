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

  test('a write that the service refuses is shown with all that was written and why, can be sent again, and discarded', async () => {
    const { page, elsewhere } = await start();
    await addTodo(page, 'Already tagged');
    await saved(page);
    const [todo] = await elsewhere.todos.list().take(1);
    await elsewhere.todos.update(todo!, { tags: Array.from({ length: 20 }, (_, at) => `tag ${at}`) });
    await page.getByText('#tag 0').waitFor();
    // Invisible text is no title to the service; and twenty tags are the most.
    await page.getByLabel('New todo').fill('\u200B tomorrow #garden');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Needs your decision' }).click();
    const refused = page.getByRole('region', { name: 'Refused by the service' });
    await refused.waitFor();
    expect(await refused.getByRole('definition').allTextContents()).toEqual(['\u200B', 'Tomorrow', 'garden']);
    await refused.getByText(/^Title /).waitFor();
    // It may be gone too briefly to be seen.
    const sentAgain = page.waitForResponse((response) => response.url().endsWith('/todos/batch') && response.status() === 400);
    await refused.getByRole('button', { name: 'Send again' }).click();
    await sentAgain;
    await refused.waitFor();
    await refused.getByRole('button', { name: 'Discard' }).click();
    await refused.waitFor({ state: 'detached' });
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });

    await page.getByRole('button', { name: 'Select', exact: true }).click();
    await page.getByLabel('Choose Already tagged').check();
    await page.getByLabel('Tag to add').fill('one too many');
    await page.getByRole('button', { name: 'Add tag' }).click();
    await page.getByRole('button', { name: 'Needs your decision' }).click();
    await refused.getByText('Already tagged').waitFor();
    const [there] = await elsewhere.todos.list().take(1);
    await elsewhere.todos.update(there!, { tags: [] });
    await refused.getByRole('button', { name: 'Discard' }).click();
    await page.getByRole('dialog', { name: 'All saved' }).waitFor();

    expect((await elsewhere.todos.list().take(10)).map(({ title, tags }) => [title, tags.length])).toEqual([['Already tagged', 0]]);
  });

  /** What the browser keeps for the app: databases with how much is in each, caches with their files, and what is in web storage. */
  const keptHere = async (page: Page): Promise<unknown> =>
    page.evaluate(`(async () => {
      const asked = (request) => new Promise((done) => (request.onsuccess = () => done(request.result)));
      const databases = [];
      for (const { name } of await indexedDB.databases()) {
        const database = await asked(indexedDB.open(name));
        const stores = [...database.objectStoreNames];
        const counts = await Promise.all(stores.map((store) => asked(database.transaction(store).objectStore(store).count())));
        database.close();
        databases.push([name.replace(/:.*/, ''), counts.reduce((sum, count) => sum + count, 0)]);
      }
      const caches_ = await Promise.all((await caches.keys()).map(async (name) => (await (await caches.open(name)).keys()).map(({ url }) => new URL(url).pathname)));
      const foreign = caches_.flat().filter((path) => !/^\\/app\\/(assets\\/[^/]+|[^/]*)$/.test(path));
      return { databases, foreign, files: caches_.flat().length > 0, storage: [localStorage.length, sessionStorage.length, document.cookie] };
    })()`);

  test.each([
    { how: 'with a connection', offline: false },
    { how: 'without one', offline: true },
  ])('signing out $how removes everything of the user from the browser, in every window; the shell stays', async ({ offline }) => {
    const { page } = await start();
    await addTodo(page, 'Secret');
    await saved(page);
    await page.keyboard.press('Shift');
    await eventually(async () => page.evaluate('navigator.serviceWorker.controller?.state === "activated"'), { what: 'the shell to be kept' });
    const second = await browser.another(page);
    await second.goto(page.url());
    await second.getByLabel('Done: Secret').waitFor();
    await page.getByRole('link', { name: 'Account' }).click();
    await page.getByRole('button', { name: 'Sign out', exact: true }).waitFor();
    await page.context().setOffline(offline);
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await second.getByRole('heading', { name: 'Sign in' }).waitFor();

    const nothing = { databases: [['duet-account', 0]], foreign: [], files: true, storage: [0, 0, ''] };
    await eventually(async () => JSON.stringify(await keptHere(page)) === JSON.stringify(nothing), {
      what: 'only the empty account and the shell to be left',
    }).catch(() => undefined);
    expect(await keptHere(page)).toEqual(nothing);
  });
});
