import { afterAll, afterEach, beforeAll, describe, expect } from '@jest/globals';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { chromiumPath, hasChromium } from '../support/chromium.js';

/** Whom a journey is of. */
export interface Person {
  readonly name: string;
  readonly email: string;
  readonly password: string;
}

let made = 0;

/** Someone whom the service does not know yet. */
export function newPerson(): Person {
  made += 1;
  return { name: 'Ada Lovelace', email: `ada-${process.pid}-${Date.now()}-${made}@example.com`, password: 'correct horse battery staple' };
}

/** Where the app is. */
export const appUrl = (fragment = ''): string => `${process.env['DUET_TEST_APP'] ?? ''}/app/${fragment}`;

/** Journeys through the app in a Chromium; skipped where there is none. */
export function describeApp(name: string, body: () => void): void {
  (hasChromium ? describe : describe.skip)(hasChromium ? name : `${name} (skipped where there is no ${chromiumPath}; CHROMIUM_PATH names another)`, body);
}

/** Windows that are closed after each test, which fails when one of them broke the content security policy or threw. */
export function useBrowser(): { open(options?: BrowserContextOptions): Promise<Page>; another(page: Page): Promise<Page> } {
  let browser: Browser;
  const contexts: BrowserContext[] = [];
  const complaints: string[] = [];
  beforeAll(async () => {
    browser = await chromium.connect(process.env['DUET_TEST_BROWSER'] ?? '');
  });
  afterEach(async () => {
    await Promise.all(contexts.splice(0).map(async (context) => context.close()));
    expect(complaints.splice(0)).toEqual([]);
  });
  afterAll(async () => browser.close());
  return {
    async open(options = {}) {
      const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, locale: 'en-GB', timezoneId: 'Europe/Berlin', ...options });
      contexts.push(context);
      context.setDefaultTimeout(20_000);
      context.on('weberror', (error) => complaints.push(error.error().message));
      context.on('console', (message) => /Content Security Policy|TrustedScript|Refused|hydrat|act\(/.test(message.text()) && complaints.push(message.text()));
      return context.newPage();
    },
    async another(page) {
      return page.context().newPage();
    },
  };
}

/** Creates the person's account, as a person does it, and so signs in. */
export async function signUp(page: Page, { name, email, password }: Person): Promise<void> {
  await page.goto(appUrl('#/sign-up'));
  await page.getByLabel('Name').fill(name);
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByRole('navigation', { name: 'Pages' }).waitFor();
}

export async function signIn(page: Page, { email, password }: Person): Promise<void> {
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Pages' }).waitFor();
}

/** Adds a todo by its line, and waits until the page says so. */
export async function addTodo(page: Page, line: string): Promise<void> {
  await page.getByLabel('New todo').fill(line);
  await page.keyboard.press('Enter');
  await page.getByText('Added: ').waitFor();
}

/** The titles that the list shows, from top to bottom. */
export async function titlesOf(page: Page): Promise<string[]> {
  const ticks = page.getByRole('grid', { name: 'Todos' }).getByRole('checkbox', { name: /^Done: / });
  return Promise.all((await ticks.all()).map(async (tick) => ((await tick.getAttribute('aria-label')) ?? '').replace('Done: ', '')));
}
