import { expect, test } from '@jest/globals';
import { describeApp, newPerson, signUp, titlesOf, useBrowser } from './app-page.js';

// Real: the app as it is built, in Chromium, and the service with both stores.

/** Runs where a text is taken for markup, wherever it stands: in an element, in an attribute, in a script, in an address. */
const attack = '"><img src=x onerror="globalThis.hacked=1"><script>globalThis.hacked=1</script>';

describeApp('Text that is markup', () => {
  const browser = useBrowser();

  test('is text, in every field that a person can write into', async () => {
    const page = await browser.open();
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
    for (const name of ['Dashboard', 'Account']) {
      await page.getByRole('link', { name }).click();
      await page.getByRole('heading', { name, level: 1 }).waitFor();
      await page.getByRole('status', { name: 'Loading' }).waitFor({ state: 'detached' });
    }
    await page.getByLabel('Name').waitFor();

    expect(await page.evaluate('[globalThis.hacked, document.querySelectorAll("img").length, document.querySelectorAll("#app script").length].join()')).toBe(
      ',0,0',
    );
  });
});
