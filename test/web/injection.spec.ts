import { expect, test } from '@jest/globals';
import { describeApp, newPerson, signUp, titlesOf, useBrowser } from './app-page.js';

// Real: the app as it is built, in Chromium, and the service with both stores.

/** Runs where a text is taken for markup, wherever it stands: in an element, in an attribute, in a script, in an address. */
const attack = '"><img src=x onerror="globalThis.hacked=1"><script>globalThis.hacked=1</script>';

describeApp('Text that is markup', () => {
  const browser = useBrowser();

  test('is text, in every field that a person can write into', async () => {
    const page = await browser.open({ userAgent: attack });
    await signUp(page, { ...newPerson(), name: attack });
    await page.getByLabel('New todo').fill(`Todo ${attack}`);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Todo' }).first().click();
    const editor = page.getByRole('dialog');
    await editor.getByLabel('Title').fill(attack);
    await editor.getByLabel('Tags').fill('<img src=x onerror=hacked=1>');
    await editor.getByRole('button', { name: 'Add a step' }).click();
    await editor.getByLabel('Step 1', { exact: true }).fill(attack);
    await editor.getByLabel('Description').fill(`${attack} javascript:hacked=1 https://example.com/"onmouseover="hacked=1`);
    expect(await editor.getByRole('link').evaluateAll((links) => links.map((link) => (link as unknown as { href: string }).href))).toEqual([
      'https://example.com/',
    ]);
    await editor.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('button', { name: 'All saved' }).waitFor();
    await page.getByLabel('Search').fill(attack);
    await page.getByText('1 todo', { exact: true }).waitFor();
    expect(await titlesOf(page)).toEqual([attack]);
    await page.getByRole('button', { name: 'Select', exact: true }).click();
    await page.getByLabel(`Choose ${attack}`).check();
    await page.getByLabel('Tag to add').fill('<script>hacked=1</script>');
    await page.getByRole('button', { name: 'Add tag' }).click();
    await page.getByText('#<script>hacked=1</script>').waitFor();
    await page.context().setOffline(true);
    await page.getByLabel('New todo').fill(attack);
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: /^Offline/ }).click();
    await page.getByRole('dialog').getByText(attack).waitFor();
    await page.keyboard.press('Escape');
    await page.context().setOffline(false);
    await page.getByRole('button', { name: 'All saved' }).waitFor();
    for (const name of ['Dashboard', 'Account']) {
      await page.getByRole('link', { name }).click();
      await page.getByRole('heading', { name, level: 1 }).waitFor();
      await page.getByRole('status', { name: 'Loading' }).waitFor({ state: 'detached' });
    }
    await page.getByLabel('Name').waitFor();
    await page.getByText(attack).first().waitFor();
    await page.getByLabel('Time zone').fill(attack);
    await page.getByLabel('New e-mail').fill(`"${attack}"@example.com`);
    await page.getByRole('region', { name: 'E-mail' }).getByLabel('Current password', { exact: true }).fill(attack);
    await page.getByRole('button', { name: 'Change e-mail' }).click();
    await page.getByRole('region', { name: 'Password' }).getByLabel('New password', { exact: true }).fill(attack);
    await page.getByRole('button', { name: 'Show new password' }).click();
    await page.getByLabel('Name').fill(`${attack} again`);
    await page.getByRole('button', { name: 'Save profile' }).click();
    await page.getByText('Your profile is saved.').waitFor();

    expect(await page.evaluate('[globalThis.hacked, document.querySelectorAll("img").length, document.querySelectorAll("#app script").length].join()')).toBe(
      ',0,0',
    );
  });
});
