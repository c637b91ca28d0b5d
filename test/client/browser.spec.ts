import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { build, type BuildResult } from 'esbuild';
import { startService } from '../support/service.js';

// Real: the client as a browser loads it, in one ES module; in a headless Chromium where there is one, against the service over HTTP and both stores.

const root = fileURLToPath(new URL('../../', import.meta.url));

/** One ES module for browsers; esbuild refuses what only Node has. */
async function bundle(contents: string): Promise<BuildResult<{ metafile: true; write: false }>> {
  return build({
    stdin: { contents, resolveDir: join(root, 'client'), loader: 'ts' },
    absWorkingDir: root,
    bundle: true,
    platform: 'browser',
    format: 'esm',
    metafile: true,
    write: false,
    logLevel: 'silent',
  });
}

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

const chromium = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
const browser = existsSync(chromium) ? test : test.skip;

browser(
  `In Chromium, on a page of another origin, it signs in, creates and lists (skipped where there is no ${chromium}; CHROMIUM_PATH names another)`,
  async () => {
    const service = await startService();
    const { outputFiles } = await bundle(`
    import { createDuetClient } from './index.js';
    async function play() {
      const duet = createDuetClient({ baseUrl: '${service.url}' });
      const [email, password] = ['ada@example.com', 'correct horse battery staple'];
      await duet.register({ email, password, name: 'Ada' });
      const { name } = await duet.signIn({ email, password });
      const todo = await duet.todos.create({ title: 'Water the plants' });
      const changed = await duet.todos.update(todo, { status: 'done' });
      const stale = await duet.todos.update(todo, { status: 'open' }).catch(({ code }) => code);
      const titles = [];
      for await (const { title } of duet.todos.list()) titles.push(title);
      return { name, version: changed.version, stale, titles };
    }
    play().catch((error) => ({ error: String(error) })).then((result) => fetch('/told', { method: 'POST', body: JSON.stringify(result) }));
  `);
    const profile = await mkdtemp(join(tmpdir(), 'duet-chromium-'));
    let tell: (result: unknown) => void = () => {};
    const told = new Promise<unknown>((resolve) => (tell = resolve));
    // Another origin than the service's, as that of an app in development.
    const site = createServer(async (request, response) => {
      if (request.url === '/page') {
        response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><script type="module" src="/page.js"></script>');
      } else if (request.url === '/page.js') {
        response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(outputFiles[0]?.contents);
      } else if (request.url === '/told') {
        tell(JSON.parse(await text(request)));
        response.writeHead(204).end();
      } else {
        response.writeHead(404).end();
      }
    });
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    const quiet = [
      '--headless',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ];
    const page = `http://127.0.0.1:${(site.address() as AddressInfo).port}/page`;
    // Chromium does not start as root with its sandbox; the page is ours.
    const child = spawn(chromium, [...quiet, '--no-sandbox', `--user-data-dir=${profile}`, page], { stdio: ['ignore', 'ignore', 'pipe'] });
    const complaints = text(child.stderr);
    const exited = once(child, 'exit');
    try {
      const slow = sleep(45_000, 'The page told nothing in 45 s', { ref: false });
      expect(await Promise.race([told, slow, exited.then(async () => `Chromium ended before the page was done: ${await complaints}`)])).toEqual({
        name: 'Ada',
        version: 2,
        stale: 'version.stale',
        titles: ['Water the plants'],
      });
    } finally {
      child.kill('SIGKILL');
      await exited;
      site.closeAllConnections();
      site.close();
      await service.stop();
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    }
  },
);
