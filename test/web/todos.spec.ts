import { expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { eventually } from '../support/eventually.js';
import { addTodo, describeApp, newPerson, signUp, titlesOf, useBrowser } from './app-page.js';

// Real: the app as it is built, in Chromium, and the service with both stores.

describeApp('Todos', () => {
  const browser = useBrowser();

  async function start(...lines: string[]): Promise<Page> {
    const page = await browser.open();
    await signUp(page, newPerson());
    for (const line of lines) {
      await addTodo(page, line);
    }
    return page;
  }

  test('a line is shown as it is understood, added by Enter, and still there after a reload', async () => {
    const page = await start();

    await page.getByLabel('New todo').fill('Water the plants tomorrow 17:00 #garden !high');
    const understood = page.getByRole('status').filter({ hasText: 'Water the plants' });
    expect(await understood.textContent()).toBe('Water the plantsTomorrow, 17:00High prioritygarden');
    await page.keyboard.press('Enter');
    await page.getByText('Added: Water the plants').waitFor();
    await page.getByRole('button', { name: 'All saved' }).waitFor();
    await page.reload();

    const row = page.getByRole('row').filter({ hasText: 'Water the plants' });
    expect(await row.getByRole('button', { name: 'Water the plants' }).first().textContent()).toBe('Water the plantsTomorrow, 17:00High#garden');
  });

  test('what is typed after Enter goes into the step that it makes, however fast it is typed', async () => {
    const page = await start('Plan the garden');
    await page.getByRole('button', { name: 'Plan the garden' }).first().click();
    await page.getByRole('button', { name: 'Add a step' }).click();
    const enter = `document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true }))`;

    expect(await page.evaluate(`${enter}; document.activeElement.getAttribute('aria-label')`)).toBe('Step 2');
  });

  test('everything of a todo can be edited, and is as it was left when it is opened again', async () => {
    const page = await start('Plan the garden');
    await page.getByRole('button', { name: 'Plan the garden' }).first().click();
    const editor = page.getByRole('dialog', { name: 'Edit todo' });
    await editor.getByLabel('Title').fill('Plan the large garden');
    await editor.getByLabel('Status').selectOption('In progress');
    await editor.getByLabel('Priority').selectOption('High');
    await editor.getByLabel('Due').fill('2031-05-02');
    await editor.getByLabel('Time').fill('09:30');
    await editor.getByLabel('Tags').fill('garden, #spring');
    await editor.getByRole('button', { name: 'Add a step' }).click();
    await page.keyboard.type('Measure');
    await page.keyboard.press('Enter');
    await page.keyboard.type('Draw');
    await editor.getByLabel('Done: step 1').check();
    await editor.getByLabel('Description').fill('As in https://example.com/gardens.');
    await editor.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('button', { name: 'All saved' }).waitFor();
    await page.reload();

    await page.getByRole('button', { name: 'Plan the large garden' }).first().click();
    const values = await Promise.all(
      ['Title', 'Status', 'Priority', 'Due', 'Time', 'Tags', 'Step 1', 'Step 2', 'Description'].map(async (label) =>
        editor.getByLabel(label, { exact: true }).inputValue(),
      ),
    );
    expect(values).toEqual([
      ...['Plan the large garden', 'in_progress', 'high', '2031-05-02', '09:30', 'garden, spring'],
      ...['Measure', 'Draw', 'As in https://example.com/gardens.'],
    ]);
    expect(await editor.getByLabel('Done: step 1').isChecked()).toBe(true);
    const link = editor.getByRole('link', { name: 'https://example.com/gardens' });
    expect([await link.getAttribute('href'), await link.getAttribute('rel')]).toEqual(['https://example.com/gardens', 'noopener noreferrer']);
  });

  test('a mistake in the editor is said at its field, and nothing is saved', async () => {
    const page = await start('Plan the garden');
    await page.getByRole('button', { name: 'Plan the garden' }).first().click();
    const editor = page.getByRole('dialog');

    await editor.getByLabel('Title').fill('x'.repeat(201));
    await editor.getByLabel('Time').fill('09:30');
    await editor.getByRole('button', { name: 'Save' }).click();

    await editor.getByText('At most 200 characters.').waitFor();
    await editor.getByText('A time needs a day.').waitFor();
    await page.keyboard.press('Escape');
    expect(await titlesOf(page)).toEqual(['Plan the garden']);
  });

  test('completing and deleting can be undone, and a deletion that is not undone stays', async () => {
    const page = await start('First', 'Second');

    await page.getByLabel('Done: First').click();
    await page.getByText('Done: First', { exact: true }).waitFor();
    expect(await titlesOf(page)).toEqual(['Second']);
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByLabel('Done: First').waitFor();
    await page.getByRole('button', { name: 'Delete Second' }).click();
    expect(await titlesOf(page)).toEqual(['First']);
    await page.keyboard.press('Control+z');
    await page.getByLabel('Done: Second').waitFor();
    await page.getByRole('button', { name: 'Delete First' }).click();
    await page.getByRole('button', { name: 'Dismiss' }).click();
    await page.getByRole('button', { name: 'All saved' }).waitFor();
    await page.reload();

    await page.getByLabel('Done: Second').waitFor();
    expect(await titlesOf(page)).toEqual(['Second']);
  });

  test('the list is searched, filtered, sorted and grouped', async () => {
    const page = await start('Straße fegen today #street', 'Buy milk !high', 'Buy bread tomorrow #shop !low');

    const headings = page.getByRole('rowheader');
    expect(await headings.allTextContents()).toEqual(['Today 1', 'Tomorrow 1', 'No date 1']);
    await page.getByLabel('Search').fill('STRASSE');
    await page.getByText('1 todo', { exact: true }).waitFor();
    expect(await titlesOf(page)).toEqual(['Straße fegen']);
    await page.getByLabel('Search').fill('');
    await page.getByRole('button', { name: 'Filter' }).click();
    await page.getByLabel('Sort by').selectOption('Priority');
    await page.getByLabel('Group by due').uncheck();
    await page.getByRole('rowheader').first().waitFor({ state: 'detached' });
    expect(await titlesOf(page)).toEqual(['Buy milk', 'Straße fegen', 'Buy bread']);
    await page.getByLabel('Tag', { exact: true }).selectOption('shop');
    await page.getByLabel('Done: Buy milk').waitFor({ state: 'detached' });
    expect(await titlesOf(page)).toEqual(['Buy bread']);
    await page.getByLabel('Show').selectOption('Done');
    await page.getByText('Nothing here').waitFor();
    await page.getByRole('button', { name: 'Clear' }).click();
    await page.getByText('Buy milk').waitFor();
    expect(await titlesOf(page)).toHaveLength(3);
  });

  test('many todos are changed at once, and the change is undone at once', async () => {
    const page = await start('One', 'Two', 'Three');

    await page.getByRole('button', { name: 'Select', exact: true }).click();
    await page.getByLabel('Choose One').check();
    await page.getByLabel('Choose Three').check();
    await page.getByText('2 todos selected').waitFor();
    await page.getByLabel('Tag to add').fill('#batch');
    await page.getByRole('button', { name: 'Add tag' }).click();
    await page.getByText('2 todos tagged batch').waitFor();
    expect(await page.getByText('#batch').count()).toBe(2);
    await page.getByRole('button', { name: 'All saved' }).waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    await page.getByText('#batch').first().waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Select', exact: true }).click();
    await page.getByRole('button', { name: 'Select all' }).click();
    await page.getByRole('region', { name: 'Selected todos' }).getByRole('button', { name: 'Delete' }).click();
    await page.getByText('3 todos deleted').waitFor();

    await page.getByText('Nothing to do yet').waitFor();
  });

  test('the keyboard alone adds, finds, ticks, opens and deletes', async () => {
    const page = await start();
    const press = async (...keys: string[]): Promise<void> => {
      for (const key of keys) {
        await page.keyboard.press(key);
      }
    };
    const focused = async (): Promise<unknown> => page.evaluate('document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent');

    await page.getByLabel('New todo').focus();
    for (const title of ['Alpha', 'Beta', 'Gamma']) {
      await page.keyboard.type(title);
      await press('Enter');
    }
    await page.getByRole('button', { name: 'All saved' }).waitFor();
    // Past the button, the search field, its two buttons, to the newest todo.
    await press('Tab', 'Tab', 'Tab', 'Tab', 'Tab');
    expect(await focused()).toBe('Done: Gamma');
    await press('ArrowDown', 'ArrowDown', 'ArrowRight');
    expect(await focused()).toBe('Alpha');
    await press('Enter');
    await page.getByRole('dialog').waitFor();
    await press('Escape');
    await eventually(async () => (await focused()) === 'Alpha', { what: 'the focus to be back where it was' });
    await press('Home', 'ArrowLeft', 'Space');
    await page.getByText('Done: Gamma', { exact: true }).waitFor();
    await page.getByLabel('Done: Beta').focus();
    await press('Delete');
    await page.getByText('Deleted: Beta').waitFor();

    expect(await titlesOf(page)).toEqual(['Alpha']);
  });
});
