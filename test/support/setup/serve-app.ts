import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { startBuiltService } from '../built-service.js';
import { chromiumArguments, chromiumPath } from '../chromium.js';

// Started by start-app.mjs: serves the built service with the app, on stores of its own, beside a Chromium; prints where they and their data are as one line of JSON, and
// stops them when its input ends.
const folder = await mkdtemp(join(tmpdir(), 'duet-web-'));
// PostgreSQL runs as another user when this one is root.
await chmod(folder, 0o711);
const data = join(folder, 'data');
const [service, browser] = await Promise.all([
  startBuiltService({ DUET_DATA_DIR: data, STORE_TIMEOUT_MS: '60000' }),
  chromium.launchServer({ executablePath: chromiumPath, args: chromiumArguments }),
]);
process.stdout.write(`${JSON.stringify({ app: service.url, data, browser: browser.wsEndpoint() })}\n`);
process.stdin.resume().once('end', () => void stop().then(() => process.exit(0)));
// Ctrl-C reaches the whole process group; jest ends our input when it has ended its suites.
process.on('SIGINT', () => undefined);

async function stop(): Promise<void> {
  await Promise.all([browser.close(), service.stop()]);
  await rm(folder, { recursive: true, force: true });
}
