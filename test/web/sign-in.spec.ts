import { expect, test } from '@jest/globals';
import { appUrl, describeApp, newPerson, signIn, signUp, useBrowser } from './app-page.js';

// Real: the app as it is built, in Chromium, and the service with both stores.

const origin = (): string => process.env['DUET_TEST_APP'] ?? '';

describeApp('Where the app is', () => {
  test('a browser that asks for / is sent to the app, and a program gets the description', async () => {
    const browser = await fetch(origin(), { redirect: 'manual', headers: { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' } });
    const program = await fetch(origin(), { redirect: 'manual' });
    const slashless = await fetch(`${origin()}/app`, { redirect: 'manual' });

    expect([browser.status, browser.headers.get('Location')]).toEqual([302, '/app/']);
    expect(await program.json()).toMatchObject({ name: 'duet' });
    expect([slashless.status, slashless.headers.get('Location')]).toEqual([302, '/app/']);
  });

  test('every file has a strict policy; hashed ones are kept for a year, the page is asked for again', async () => {
    const page = await fetch(appUrl());
    const html = await page.text();
    const script = await fetch(appUrl(/src="\.\/(assets\/[^"]+\.js)"/.exec(html)?.[1]));

    for (const answer of [page, script]) {
      expect(answer.headers.get('Content-Security-Policy')).toMatch(
        /^default-src 'none'; script-src 'self'; style-src 'self';.*require-trusted-types-for 'script'/,
      );
      expect(answer.headers.get('Content-Security-Policy')).not.toContain('unsafe');
      expect(answer.headers.get('X-Content-Type-Options')).toBe('nosniff');
    }
    expect(html).not.toMatch(/<style|style=|<script>|onclick|https?:/);
    expect(await script.text()).not.toBe('');
    expect([page.headers.get('Cache-Control'), script.headers.get('Cache-Control')]).toEqual(['no-cache', 'public, max-age=31536000, immutable']);
  });

  test.each(['nothing', 'assets/nothing.js', '.built', '..%2f..%2fpackage.json'])('%s is not found', async (path) => {
    const answer = await fetch(appUrl(path));

    expect([answer.status, await answer.json()]).toEqual([404, expect.objectContaining({ code: 'route.not_found' })]);
  });
});

describeApp('Signing in', () => {
  const browser = useBrowser();

  test('a person creates an account, is still signed in after a reload, and signs out and in again', async () => {
    const person = newPerson();
    const page = await browser.open();

    await signUp(page, person);
    await page.reload();
    await page.getByRole('link', { name: 'Account' }).click();
    expect(await page.getByLabel('Name').inputValue()).toBe(person.name);
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    await page.reload();
    await signIn(page, person);
  });

  test('a wrong password is said in words, and keeps what was typed', async () => {
    const person = newPerson();
    const page = await browser.open();
    await page.goto(appUrl());

    await page.getByLabel('E-mail').fill(person.email);
    await page.getByLabel('Password', { exact: true }).fill('not the right password');
    await page.keyboard.press('Enter');

    await page.getByRole('alert').getByText('E-mail or password is not right').waitFor();
    expect(await page.getByLabel('E-mail').inputValue()).toBe(person.email);
  });

  test('a password that is too short is said at its field, which has the focus', async () => {
    const page = await browser.open();
    await page.goto(appUrl('#/sign-up'));

    await page.getByLabel('Name').fill('Ada');
    await page.getByLabel('E-mail').fill(newPerson().email);
    const password = page.getByLabel('Password', { exact: true });
    await password.fill('short');
    await page.getByRole('button', { name: 'Create account' }).click();

    await page.getByRole('alert').getByText('Something in the form is not right').waitFor();
    expect(await password.getAttribute('aria-invalid')).toBe('true');
    expect(await page.evaluate('document.activeElement.name')).toBe('password');
  });

  test('two tabs share one session: each renews it in its turn, and signing out in one signs out of both', async () => {
    const page = await browser.open();
    await signUp(page, newPerson());
    const second = await browser.another(page);
    const exchanges: [token: string, status: number][] = [];
    page.context().on('response', (response) => {
      if (response.url().endsWith('/auth/refresh')) {
        const { refreshToken } = response.request().postDataJSON() as { refreshToken: string };
        exchanges.push([refreshToken, response.status()]);
      }
    });

    // Each reload exchanges the refresh token, in both tabs at once; a token that is spent twice would end the session.
    await second.goto(appUrl('#/account'));
    for (let turn = 0; turn < 3; turn += 1) {
      await Promise.all([page.goto(appUrl('#/account')), second.goto(appUrl('#/account'))]);
      await Promise.all([page.reload(), second.reload()]);
      await Promise.all([page, second].map(async (tab) => tab.getByRole('heading', { name: 'Profile' }).waitFor()));
    }
    const [spent, statuses] = [exchanges.map(([token]) => token), exchanges.map(([, status]) => status)];
    expect(exchanges.length).toBeGreaterThanOrEqual(6);
    expect([new Set(spent).size, new Set(statuses)]).toEqual([spent.length, new Set([200])]);
    await page.getByRole('button', { name: 'Sign out', exact: true }).click();

    await second.getByRole('heading', { name: 'Sign in' }).waitFor();
  });

  test('nothing of the session is in the address, in web storage or in cookies', async () => {
    const page = await browser.open();
    await signUp(page, newPerson());

    expect(await page.evaluate('JSON.stringify([location.href, Object.keys(localStorage), Object.keys(sessionStorage), document.cookie])')).toBe(
      JSON.stringify([page.url(), [], [], '']),
    );
    expect(page.url()).toMatch(/#\/[a-z]+$/);
  });
});
