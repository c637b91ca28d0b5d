import { existsSync } from 'node:fs';

/** The browser of the tests of pages; `CHROMIUM_PATH` names another. */
export const chromiumPath = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';

export const hasChromium = existsSync(chromiumPath);

/** As root, Chromium does not start with its sandbox; the pages are ours. */
export const chromiumArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
