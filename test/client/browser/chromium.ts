import { test } from '@jest/globals';
import { type Browser, chromium } from 'playwright-core';
import { chromiumArguments, chromiumPath, hasChromium } from '../../support/chromium.js';

/** A test in Chromium; its title ends with {@link whereSkipped}. */
export const browsing = hasChromium ? test : test.skip;

export const whereSkipped = `(skipped where there is no ${chromiumPath}; CHROMIUM_PATH names another)`;

export async function launchChromium(): Promise<Browser | undefined> {
  return hasChromium ? chromium.launch({ executablePath: chromiumPath, args: chromiumArguments }) : undefined;
}
