import { expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { createDuetClient } from '../../client/index.js';
import { eventually } from '../support/eventually.js';
import { addTodo, appUrl, describeApp, newPerson, type Person, signIn, signUp, useBrowser } from './app-page.js';

// Real: the app as it is built, in Chromium, and the service with both stores.

describeApp('Beside the list', () => {
  const browser = useBrowser();

  async function start(): Promise<{ page: Page; person: Person }> {
    const person = newPerson();
    const page = await browser.open();
    await signUp(page, person);
    return { page, person };
  }

  test('the dashboard counts what the list has, and its charts can be read as tables', async () => {
    const { page } = await start();
    for (const line of ['Late 2020-01-01 #home', 'Now today #home !high', 'Soon tomorrow', 'Finished']) {
      await addTodo(page, line);
    }
    await page.getByLabel('Done: Finished').click();
    await page.getByRole('link', { name: 'Dashboard' }).click();

    await page.getByText('1 todo is due today.').waitFor();
    const lists = await Promise.all(
      ['Overdue', 'Today', 'Next'].map(async (name) => page.getByRole('region', { name, exact: true }).getByRole('listitem').allTextContents()),
    );
    expect(lists).toEqual([['Late1 Jan 2020'], ['NowToday'], ['SoonTomorrow']]);
    await page.getByRole('img', { name: 'Active by priority: High 1, Normal 2, Low 0' }).waitFor();
    await page.getByRole('button', { name: 'Table: Active by tag' }).click();
    expect(await page.getByRole('table', { name: 'Active by tag' }).getByRole('row').allTextContents()).toEqual(['TagTodos', 'home2']);
    await page.getByRole('button', { name: /Table: Done a day/ }).click();
    expect(
      await page
        .getByRole('table', { name: /Done a day/ })
        .getByRole('row')
        .last()
        .textContent(),
    ).toBe('Today1');
  });

  test('a visit is counted, and the page says that the service is well', async () => {
    const { page } = await start();
    await page.getByRole('link', { name: 'Visits' }).click();
    await page.getByText('Duet is well.').waitFor();
    const { counter } = createDuetClient({ baseUrl: process.env['DUET_TEST_APP'] ?? '' });
    const { visitCount } = await counter.read();

    await page.getByRole('button', { name: 'Count my visit' }).click();

    await page.getByText(`${visitCount + 1} visits`).waitFor();
  });

  test('a profile is changed, and “today” follows its time zone', async () => {
    const { page } = await start();
    await page.getByRole('link', { name: 'Account' }).click();
    await page.getByLabel('Name').fill('Countess Lovelace');
    await page.getByLabel('Time zone').fill('kiritimati');
    await page.getByRole('option', { name: 'Pacific/Kiritimati' }).click();
    await page.getByRole('button', { name: 'Save profile' }).click();
    await page.getByText('Your profile is saved.').waitFor();
    await page.reload();

    expect(await page.getByLabel('Name').inputValue()).toBe('Countess Lovelace');
    expect(await page.getByLabel('Time zone').inputValue()).toBe('Pacific/Kiritimati');
  });

  test('an account is deleted with its password, and is gone', async () => {
    const { page, person } = await start();
    await page.getByRole('link', { name: 'Account' }).click();
    await page.getByRole('button', { name: 'Delete account' }).click();
    const dialog = page.getByRole('alertdialog');
    await dialog.getByLabel('Password', { exact: true }).fill('not the right password');
    await dialog.getByRole('button', { name: 'Delete everything' }).click();
    await dialog.getByText('is not right').waitFor();
    await dialog.getByLabel('Password', { exact: true }).fill(person.password);
    await dialog.getByRole('button', { name: 'Delete everything' }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();

    await page.getByLabel('E-mail').fill(person.email);
    await page.getByLabel('Password', { exact: true }).fill(person.password);
    await page.keyboard.press('Enter');
    await page.getByText('E-mail or password is not right').waitFor();
  });

  test('the e-mail is changed with the current password, is not confirmed then, and is what one signs in with', async () => {
    const { page, person } = await start();
    const email = newPerson().email;
    await page.getByRole('link', { name: 'Account' }).click();
    const form = page.getByRole('region', { name: 'E-mail' });
    await form.getByLabel('New e-mail').fill(email);
    await form.getByLabel('Current password', { exact: true }).fill('not the right password');
    await form.getByRole('button', { name: 'Change e-mail' }).click();
    await form.getByText('The current password is not right.').waitFor();
    await form.getByLabel('Current password', { exact: true }).fill(person.password);
    await form.getByRole('button', { name: 'Change e-mail' }).click();
    await page.getByText('Your e-mail is changed.').waitFor();
    await form.getByText(email).waitFor();
    await form.getByText('not confirmed yet').waitFor();
    expect(await form.getByLabel('New e-mail').inputValue()).toBe('');
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();

    await signIn(page, { ...person, email });
  });

  test('the password is changed with the current one; this browser stays signed in, and every other is signed out', async () => {
    const { page, person } = await start();
    const elsewhere = await browser.open();
    await elsewhere.goto(appUrl());
    await signIn(elsewhere, person);
    await page.getByRole('link', { name: 'Account' }).click();
    const form = page.getByRole('region', { name: 'Password' });
    await form.getByLabel('Current password', { exact: true }).fill(person.password);
    await form.getByLabel('New password', { exact: true }).fill('too short');
    await form.getByRole('button', { name: 'Change password' }).click();
    await eventually(async () => (await form.getByLabel('New password', { exact: true }).getAttribute('aria-invalid')) === 'true', { what: 'the mistake' });
    await form.getByLabel('New password', { exact: true }).fill('another correct horse battery');
    await form.getByRole('button', { name: 'Change password' }).click();
    await page.getByText('Your password is changed').waitFor();
    await page.reload();
    await page.getByRole('heading', { name: 'Profile' }).waitFor();

    await elsewhere.reload();
    await elsewhere.getByText('Your session has ended').waitFor();
    await signIn(elsewhere, { ...person, password: 'another correct horse battery' });
  });

  test('another place where one is signed in is shown, and can be signed out', async () => {
    const { page, person } = await start();
    const elsewhere = await browser.open();
    await elsewhere.goto(appUrl());
    await signIn(elsewhere, person);
    await page.getByRole('link', { name: 'Account' }).click();
    const sessions = page.getByRole('region', { name: 'Where you are signed in' });
    await sessions.getByText('This browser').waitFor();

    await sessions.getByRole('button', { name: /^Sign out/ }).click();

    await eventually(async () => (await sessions.getByRole('listitem').count()) === 1, { what: 'one session to be left' });
    await elsewhere.reload();
    await elsewhere.getByText('Your session has ended').waitFor();
  });

  test('the link of a mail confirms an e-mail; its token is not in the address, and a used one is refused', async () => {
    const { page, person } = await start();
    const token = await tokenFor(person, 'verify');
    await page.goto(appUrl(`#/verify/${token}`));
    await page.getByRole('heading', { name: 'Confirm your e-mail' }).waitFor();
    expect(page.url()).toBe(appUrl('#/verify'));
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.getByText('Your e-mail is confirmed.').waitFor();

    await page.goto(appUrl('#/account'));
    await page.getByText('which is confirmed').waitFor();
    await page.goto(appUrl(`#/verify/${token}`));
    await page.getByRole('button', { name: 'Confirm' }).click();
    await page.getByText('This link has been used').waitFor();
  });

  test('a forgotten password is replaced by the link of a mail', async () => {
    const person = newPerson();
    const page = await browser.open();
    await signUp(page, person);
    const other = await browser.open();
    await other.goto(appUrl());
    await other.getByRole('link', { name: 'Forgot your password?' }).click();
    await other.getByLabel('E-mail').fill(person.email);
    await other.getByRole('button', { name: 'Send a link' }).click();
    await other.getByText('a mail with a link is on its way').waitFor();

    await other.goto(appUrl(`#/reset/${await tokenFor(person, 'reset')}`));
    await other.getByLabel('New password', { exact: true }).fill('another correct horse battery');
    await other.getByRole('button', { name: 'Change password' }).click();
    await other.getByText('Your password is changed').waitFor();
    await other.getByRole('link', { name: 'Sign in' }).click();
    await signIn(other, { ...person, password: 'another correct horse battery' });
  });
});

/** The token of the newest link that a mail to the person has: the local server shows its mails. */
async function tokenFor({ email }: Person, page: 'verify' | 'reset'): Promise<string> {
  return eventually(
    async () => {
      const answer = await fetch(`${process.env['DUET_TEST_APP']}/mail?to=${encodeURIComponent(email)}`, { headers: { Accept: 'application/json' } });
      const { items } = (await answer.json()) as { items: { text: string }[] };
      return items.flatMap(({ text }) => new RegExp(`/app/#/${page}/([\\w-]+)`).exec(text)?.[1] ?? [])[0];
    },
    { what: `a mail to ${email} with a link to ${page}` },
  );
}
