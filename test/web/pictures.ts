/**
 * `npm run pictures`: takes the pictures of the README, docs/images/app-<view>-<window>.png: the app as it is built, in Chromium, with the todos of
 * `npm run seed`; in light and dark, wide and narrow.
 */
import { execFile } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { chromium, type Page } from 'playwright-core';
import { startBuiltService } from '../support/built-service.js';
import { chromiumArguments, chromiumPath } from '../support/chromium.js';
import { compileApp, removeCompiledService } from '../support/setup/compile-service.mjs';

const person = { name: 'Ada Lovelace', email: 'ada@example.com', password: 'correct horse battery staple' };

const windows = [
  { name: 'wide-light', viewport: { width: 1280, height: 860 }, colorScheme: 'light' },
  { name: 'wide-dark', viewport: { width: 1280, height: 860 }, colorScheme: 'dark' },
  { name: 'narrow-light', viewport: { width: 390, height: 844 }, colorScheme: 'light' },
  { name: 'narrow-dark', viewport: { width: 390, height: 844 }, colorScheme: 'dark' },
] as const;

/** By name, how one comes to a view from the one before. */
const views: Readonly<Record<string, (page: Page) => Promise<void>>> = {
  todos: async (page) => {
    await page.getByRole('button', { name: 'All saved' }).waitFor();
    await page.getByLabel('New todo').fill('Call Grace friday 9:00 #family !high');
  },
  todo: async (page) => {
    await page.getByLabel('New todo').fill('');
    await page.getByRole('button', { name: 'Buy groceries' }).first().click();
    await page.getByRole('dialog').waitFor();
  },
  dashboard: async (page) => {
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('link', { name: 'Dashboard' }).click();
    // As high as its charts reach.
    await page.setViewportSize({ width: page.viewportSize()?.width ?? 0, height: 1_230 });
    await page.getByRole('heading', { name: 'Active by tag' }).waitFor();
    // The one count that comes from the service.
    await page.getByText('–', { exact: true }).waitFor({ state: 'detached' });
  },
};

const folder = await mkdtemp(join(tmpdir(), 'duet-pictures-'));
// PostgreSQL runs as another user when this one is root.
await chmod(folder, 0o711);
process.stderr.write('Building the service and the app…\n');
await compileApp();
try {
  const data = join(folder, 'data');
  const service = await startBuiltService({ DUET_DATA_DIR: data, STORE_TIMEOUT_MS: '60000' });
  try {
    process.stderr.write('Writing a year of todos…\n');
    const seed = [
      '--no-warnings',
      join(process.env['DUET_TEST_BUILD'] ?? '', 'dist/local/commands/seed.js'),
      '--email',
      person.email,
      '--password',
      person.password,
    ];
    await promisify(execFile)(process.execPath, seed, {
      env: { PATH: process.env['PATH'], DUET_DATA_DIR: data, LOG_LEVEL: 'error', STORE_TIMEOUT_MS: '60000' },
    });
    const browser = await chromium.launch({ executablePath: chromiumPath, args: chromiumArguments });
    for (const { name, viewport, colorScheme } of windows) {
      const page = await browser.newPage({ viewport, colorScheme, locale: 'en-GB', timezoneId: 'Europe/Berlin', reducedMotion: 'reduce' });
      await page.goto(`${service.url}/app/`);
      await page.getByLabel('E-mail').fill(person.email);
      await page.getByLabel('Password', { exact: true }).fill(person.password);
      await page.keyboard.press('Enter');
      for (const [view, open] of Object.entries(views)) {
        await open(page);
        const path = resolve('docs/images', `app-${view}-${name}.png`);
        await page.screenshot({ path, caret: 'hide', animations: 'disabled' });
        process.stderr.write(`${path}\n`);
      }
      await page.close();
    }
    await browser.close();
  } finally {
    await service.stop();
  }
} finally {
  await removeCompiledService();
  await rm(folder, { recursive: true, force: true });
}
