import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { startService, type TestService } from '../../support/service.js';
import { browsing, launchChromium, whereSkipped } from './chromium.js';
import { bundle, startSite } from './site.js';

// Real: the client as a browser loads it, in one ES module; in a headless Chromium where there is one, against the service over HTTP and both stores.

const library = `export * from './index.js';`;

describe('The client as an ES module for browsers', () => {
  test('needs nothing of Node, and one package', async () => {
    // What Node has without an import does not compile: client/tsconfig.json knows no Node.
    const { metafile } = await bundle(library);

    const inputs = Object.keys(metafile.inputs).filter((input) => input !== '<stdin>');
    expect(inputs.filter((input) => !/^(client\/([\w-]+\/)?[\w-]+\.ts|node_modules\/openapi-fetch\/.*)$/.test(input))).toEqual([]);
    expect(Object.values(metafile.outputs).flatMap(({ imports }) => imports)).toEqual([]);
  });

  test.each([`import 'node:fs';`, `import { join } from 'path'; console.log(join);`])('would not be one with %s', async (mistake) => {
    await expect(bundle(`${mistake} ${library}`)).rejects.toThrow(/Could not resolve/);
  });
});

describe('In Chromium', () => {
  let service: TestService;
  let browser: Browser | undefined;
  beforeAll(async () => {
    [service, browser] = await Promise.all([startService(), launchChromium()]);
  });
  afterAll(async () => {
    await browser?.close();
    await service?.stop();
  });

  browsing(`it signs in, creates and lists ${whereSkipped}`, async () => {
    const site = await startSite(
      service.url,
      `
      import { createDuetClient } from './index.js';
      window.play = async () => {
        const duet = createDuetClient({ baseUrl: location.origin });
        const [email, password] = ['ada@example.com', 'correct horse battery staple'];
        await duet.register({ email, password, name: 'Ada' });
        const { name } = await duet.signIn({ email, password });
        const todo = await duet.todos.create({ title: 'Water the plants' });
        const changed = await duet.todos.update(todo, { status: 'done' });
        const stale = await duet.todos.update(todo, { status: 'open' }).catch(({ code }) => code);
        const titles = [];
        for await (const { title } of duet.todos.list()) titles.push(title);
        return { name, version: changed.version, stale, titles };
      };
    `,
    );
    const page = await browser!.newPage();
    await page.goto(`${site.url}/page`);

    expect(await page.evaluate('play()')).toEqual({ name: 'Ada', version: 2, stale: 'version.stale', titles: ['Water the plants'] });

    await page.close();
    await site.stop();
  });
});
