import { expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { eventually } from '../support/eventually.js';
import { appUrl, describeApp, newPerson, useBrowser } from './app-page.js';

// Real: the app as it is built, in Chromium, and the service with both stores; no pointer.

/** What has the focus, by its name, and whether one sees that it has. */
interface Focus {
  readonly name: string;
  readonly isSeen: boolean;
}

describeApp('The keyboard alone', () => {
  const browser = useBrowser();

  async function focusOf(page: Page): Promise<Focus> {
    return (await page.evaluate(`(() => {
      const element = document.activeElement;
      const name = element.getAttribute('aria-label') ?? element.labels?.[0]?.textContent ?? element.textContent;
      const { outlineStyle, outlineWidth } = getComputedStyle(element);
      const { top, bottom, left, right } = element.getBoundingClientRect();
      const isOnScreen = bottom > 0 && top < innerHeight && right > 0 && left < innerWidth;
      return { name, isSeen: isOnScreen && outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 };
    })()`)) as Focus;
  }

  /** Presses Tab until that has the focus; each stop on the way must be one that a person sees. */
  async function tabTo(page: Page, wanted: string): Promise<void> {
    const stops: string[] = [];
    while (stops.at(-1) !== wanted) {
      await page.keyboard.press('Tab');
      const { name, isSeen } = await focusOf(page);
      stops.push(name);
      expect([stops, isSeen]).toEqual([stops, true]);
      if (stops.length > 40) {
        throw new Error(`Not reached by Tab: ${wanted}; the stops were ${stops.join(', ')}`);
      }
    }
  }

  test.each([
    { name: 'wide', viewport: { width: 1280, height: 860 } },
    { name: 'narrow', viewport: { width: 320, height: 640 } },
  ])('goes from the first page to a todo that is done, and out again, $name', async ({ viewport }) => {
    const { name, email, password } = newPerson();
    const page = await browser.open({ viewport });
    const type = async (text: string): Promise<void> => page.keyboard.type(text);
    const press = async (key: string): Promise<void> => page.keyboard.press(key);

    await page.goto(appUrl());
    await page.getByLabel('E-mail').waitFor();
    await tabTo(page, 'Create an account');
    await press('Enter');
    await page.getByRole('heading', { name: 'Create an account' }).waitFor();
    await tabTo(page, 'Name');
    await type(name);
    await tabTo(page, 'E-mail');
    await type(email);
    await tabTo(page, 'Password');
    await type(password);
    await press('Enter');
    await page.getByText('Nothing to do yet').waitFor();

    await tabTo(page, 'Skip to the page');
    await press('Enter');
    await tabTo(page, 'New todo');
    await type('Water the plants tomorrow !high');
    await press('Enter');
    await page.getByText('Added: Water the plants').waitFor();
    await tabTo(page, 'Done: Water the plants');
    await press('Space');
    await page.getByText('Done: Water the plants', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'All saved' }).waitFor();
    await page.reload();
    await page.getByText('Nothing here').waitFor();
    await tabTo(page, 'Show all 1');
    await press('Enter');
    await eventually(async () => page.getByLabel('Done: Water the plants').isChecked(), { what: 'the todo to be done' });

    await page.goto(appUrl('#/account'));
    await page.getByRole('button', { name: 'Sign out', exact: true }).waitFor();
    await tabTo(page, 'Sign out');
    await press('Enter');
    await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  });
});
