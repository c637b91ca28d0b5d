import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { eventually } from '../support/eventually.js';
import { createDuetClient } from '../../client/index.js';
import { appUrl, describeApp, newPerson, type Person, signIn, useBrowser } from './app-page.js';

// Real: the app as it is built, in Chromium, and the service with both stores; the todos of long ago are those of npm run seed, written beside the service.

describeApp('The archive', () => {
  const browser = useBrowser();

  /** Gives the person an account with a year of todos, of which the service archives most. */
  async function seed({ email, password, name }: Person): Promise<void> {
    const command = join(process.env['DUET_TEST_BUILD'] ?? '', 'dist/local/commands/seed.js');
    const env = { PATH: process.env['PATH'], DUET_DATA_DIR: process.env['DUET_TEST_APP_DATA'], LOG_LEVEL: 'error', STORE_TIMEOUT_MS: '60000' };
    await promisify(execFile)(process.execPath, ['--no-warnings', command, '--email', email, '--password', password, '--name', name], { env });
  }

  test('lists what was done long ago, page by page, brings a todo back, and deletes one for good when that is confirmed', async () => {
    const person = newPerson();
    await seed(person);
    const duet = createDuetClient({ baseUrl: process.env['DUET_TEST_APP'] ?? '' });
    await duet.signIn({ email: person.email, password: person.password });
    await eventually(async () => ((await duet.users.dashboard()).todos?.archived ?? 0) > 60, {
      what: 'more than a page of todos in the archive',
      timeoutMs: 120_000,
    });
    const page = await browser.open();
    await page.goto(appUrl());
    await signIn(page, person);
    await page.getByRole('link', { name: 'Archive' }).click();
    const rows = page.getByRole('list', { name: 'Archived todos' }).getByRole('listitem');
    await rows.first().waitFor();
    const shown = await rows.count();
    await page.getByRole('button', { name: 'Show more' }).click();
    await eventually(async () => (await rows.count()) > shown, { what: 'a second page' });

    const [back, gone] = [await rows.nth(0).locator('b').textContent(), await rows.nth(1).locator('b').textContent()];
    const count = await rows.count();
    await rows
      .nth(1)
      .getByRole('button', { name: `Delete ${gone}` })
      .click();
    expect(await rows.count()).toBe(count);
    await page.getByRole('button', { name: `Delete ${gone} for good` }).click();
    await page.getByText(`Deleted for good: ${gone}`).waitFor();
    await rows
      .nth(0)
      .getByRole('button', { name: `Bring back ${back}` })
      .click();
    await page.getByText(`Back in your todos: ${back}`).waitFor();
    expect(await rows.count()).toBe(count - 2);
    await page.getByRole('link', { name: 'Todos' }).click();
    await page.getByLabel('Search').fill(String(back));

    await page.getByLabel(`Done: ${back}`, { exact: true }).first().waitFor();
  }, 180_000);
});
