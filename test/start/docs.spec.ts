import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Browser, chromium, type Page } from 'playwright-core';
import { Guardian } from '../../src/local/processes/guardian.js';
import { deadPort } from '../support/wire.js';
import { startWatched } from './watched-process.js';

// Real: /docs of the service as it is built, over its stores, and a Chromium that presses its buttons.

const executablePath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
const browsing = existsSync(executablePath) ? test : test.skip;

/**
 * What an ordinary user is answered although nothing is wrong: the account is there already, lists of everyone are for administrators, signing out has ended the
 * session, and the token of a link stands in a mail.
 */
const expected: Readonly<Record<string, number>> = { registerUser: 409, listUsers: 403, endSession: 404, resetPassword: 400, verifyEmail: 400 };

let folder: string;
let guardian: Guardian;
let url: string;
let service: ReturnType<typeof startWatched>;
let browser: Browser | undefined;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'duet-docs-'));
  await chmod(folder, 0o711);
  guardian = new Guardian();
  const port = await deadPort();
  url = `http://127.0.0.1:${port}`;
  const main = join(process.env['DUET_TEST_BUILD'] ?? '', 'dist/main.js');
  service = startWatched(guardian, folder, process.execPath, [main], {
    PORT: String(port),
    HOST: '127.0.0.1',
    DUET_DATA_DIR: join(folder, 'data'),
    STORE_TIMEOUT_MS: '60000',
  });
  await service.saying('Duet is listening');
}, 180_000);
afterAll(async () => {
  await browser?.close();
  service.child.kill('SIGTERM');
  await service.exited;
  await guardian.release();
  await rm(folder, { recursive: true, force: true });
});

describe('The page', () => {
  test('has strict headers, and its files are logged with a route', async () => {
    const page = await fetch(`${url}/docs`);
    const bundle = await fetch(`${url}/docs/swagger-ui-bundle.js`);
    const redirect = await fetch(`${url}/docs/`, { redirect: 'manual' });

    for (const answer of [page, bundle]) {
      expect([answer.status, answer.headers.get('X-Frame-Options'), answer.headers.get('Referrer-Policy')]).toEqual([200, 'DENY', 'no-referrer']);
      expect(answer.headers.get('Content-Security-Policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
      expect(answer.headers.get('Content-Security-Policy')).not.toMatch(/unsafe/);
    }
    expect(await bundle.text()).toContain('SwaggerUI');
    expect(await page.text()).not.toMatch(/<style|style=|<script>|onclick|https?:/);
    expect([redirect.status, redirect.headers.get('Location')]).toEqual([302, '/docs']);
    expect((await fetch(`${url}/docs/nothing.js`)).status).toBe(404);
    await service.saying('"route":"GET /docs/swagger-ui-bundle.js"');
    await service.saying('"route":"GET /docs"');
  });
});

interface Pressed {
  readonly operation: string;
  readonly status: number;
}

/** Opens an operation, presses Execute as it is prefilled, gives the status that came, and closes it again. */
async function press(page: Page, operation: string): Promise<Pressed> {
  const block = page.locator(`[id$="-${operation}"].opblock`);
  // Not as a mouse does it: the page stands still for that only once it has been drawn, which takes a busy machine long.
  const click = async (selector: string): Promise<void> => block.locator(selector).evaluate((button: { click(): void }) => button.click());
  await click('.opblock-summary-control');
  await block.locator('button.execute').waitFor({ state: 'attached' });
  // The button is there a moment before Swagger UI has resolved the operation; pressed then, it sends nothing and stays disabled.
  await block.locator('.opblock-loading-animation').waitFor({ state: 'detached' });
  if ((await block.locator('button.btn-clear').count()) > 0) {
    await click('button.btn-clear');
    await block.locator('.live-responses-table').waitFor({ state: 'detached' });
  }
  await click('button.execute');
  const cell = block.locator('.live-responses-table tbody .response-col_status').first();
  await cell.waitFor({ state: 'attached' });
  const status = Number.parseInt((await cell.textContent()) ?? '', 10);
  await click('.opblock-summary-control');
  return { operation, status };
}

/** A picture for a person, in the folder that `DUET_SCREENSHOTS` names. */
async function keepPicture(page: Page, name: string): Promise<void> {
  const folder = process.env['DUET_SCREENSHOTS'];
  if (folder !== undefined) {
    await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  }
}

async function operationsOf(page: Page): Promise<string[]> {
  return page.locator('.opblock').evaluateAll((blocks) => blocks.map(({ id }) => id.slice(id.lastIndexOf('-') + 1)));
}

browsing(
  `Once signed in, every operation works as it is prefilled, pressed from top to bottom (skipped where there is no ${executablePath}; CHROMIUM_PATH names another)`,
  async () => {
    browser = await chromium.launch({
      executablePath,
      args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
    });
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    page.setDefaultTimeout(120_000);
    const complaints: string[] = [];
    page.on('console', (message) => message.type() === 'error' && /Content Security Policy|Refused/.test(message.text()) && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(`${url}/docs`);
    await page.locator('.opblock').first().waitFor();
    await keepPicture(page, 'docs-before');

    expect([await press(page, 'registerUser'), await press(page, 'login')]).toEqual([
      { operation: 'registerUser', status: 201 },
      { operation: 'login', status: 200 },
    ]);
    const pressed: Pressed[] = [];
    for (const operation of await operationsOf(page)) {
      pressed.push(await press(page, operation));
    }

    await keepPicture(page, 'docs-after');
    expect(pressed.filter(({ operation, status }) => (expected[operation] ?? 299) < status || (status >= 300 && expected[operation] !== status))).toEqual([]);
    expect(pressed.length).toBeGreaterThan(20);
    expect(complaints).toEqual([]);
    expect(await page.evaluate('JSON.stringify([Object.keys(localStorage), Object.keys(sessionStorage)])')).toBe('[[],[]]');
  },
  600_000,
);
