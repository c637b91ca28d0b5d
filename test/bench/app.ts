import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { createDuetClient, type TodoContent } from '../../client/index.js';
import { startBuiltService } from '../support/built-service.js';
import { chromiumArguments, chromiumPath } from '../support/chromium.js';
import { compileApp, removeCompiledService } from '../support/setup/compile-service.mjs';
import type { BenchOptions } from './bench-options.js';
import type { Section } from './report.js';
import { password } from './stage.js';
import { median, quantile } from './statistics.js';

const person = { email: 'app@example.com', name: 'Ada', password, timeZone: 'Europe/Berlin' };
/** What is typed into the search field, key by key: each key changes what the list shows. */
const searches = ['water 1', 'call 77', 'grace', 'plan the 9', 'paint', 'tulip', 'zz', 'read 12'];
/** A screen of which a frame takes longer than this has left one out, at 60 in a second. */
const lateMs = 25;

interface Measured {
  /** Milliseconds, one by one. */
  readonly times: readonly number[];
  /** What one of them took the page's main thread, in milliseconds of processor time: it does not depend on what else the machine does. */
  readonly workMs: number;
}

interface Frames extends Measured {
  /** Frames in which a part of the list on the screen was not drawn. */
  readonly blank: number;
}

/**
 * The app of someone with ten thousand todos, in Chromium against the service, all on this machine: what it loads, how soon it can be used, how long the
 * list takes to follow a key in the search field, and whether it scrolls at 60 frames a second.
 */
export async function measureApp({ quick, onProgress }: BenchOptions): Promise<Section> {
  const [count, starts] = quick ? [1_000, 2] : [10_000, 7];
  const folder = await mkdtemp(join(tmpdir(), 'duet-bench-app-'));
  // PostgreSQL runs as another user when this one is root.
  await chmod(folder, 0o711);
  onProgress('app: building');
  await compileApp();
  const service = await startBuiltService({ DUET_DATA_DIR: join(folder, 'data'), STORE_TIMEOUT_MS: '60000' });
  try {
    await writeTodos(service.url, count, onProgress);
    const browser = await chromium.launch({ executablePath: chromiumPath, args: chromiumArguments });
    const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, locale: 'en-GB', timezoneId: person.timeZone });
    try {
      const app = `${service.url}/app/`;
      const signedOut = await firstLoad(await browser.newContext(), app, '[name=email]');
      onProgress(`app: the first copy of ${count} todos`);
      const page = await signIn(context, app, count);
      const opened: number[] = [];
      let bytes = 0;
      for (let start = 0; start < starts; start += 1) {
        const load = await firstLoad(context, app, `.todo`);
        opened.push(load.ms);
        bytes = load.bytes;
      }
      onProgress('app: filtering');
      const filters = await filter(page);
      onProgress('app: scrolling');
      const frames = await scroll(page);
      const late = frames.times.filter((ms) => ms > lateMs).length;
      return {
        name: 'app',
        title: `The app with ${count} todos`,
        columns: ['what', 'p50', 'p95', 'worst'],
        rows: [
          ['JavaScript at first load, signed out, kB gzipped', (signedOut.bytes / 1000).toFixed(1), '', ''],
          ['JavaScript at first load, todos, kB gzipped', (bytes / 1000).toFixed(1), '', ''],
          ['from opening to the form, ms', signedOut.ms.toFixed(0), '', ''],
          row('from opening to the list, ms', opened),
          row('from a key in the search field to the list, ms', filters.times),
          ['work of a key, ms of processor time', filters.workMs.toFixed(1), '', ''],
          row('between frames while scrolling, ms', frames.times),
          ['work of a frame while scrolling, ms of processor time', frames.workMs.toFixed(1), '', ''],
          [`frames later than ${lateMs} ms, of ${frames.times.length}`, String(late), '', ''],
          ['frames with a part of the list not drawn', String(frames.blank), '', ''],
        ],
        verdicts: [
          {
            measure: 'JavaScript at first load',
            budget: 'at most 100 kB',
            measured: `${(Math.max(signedOut.bytes, bytes) / 1000).toFixed(1)} kB`,
            met: Math.max(signedOut.bytes, bytes) <= 100_000,
          },
          { measure: 'app, usable after opening', budget: 'within 1 s', measured: `${median(opened).toFixed(0)} ms`, met: median(opened) <= 1_000 },
          { measure: 'filter', budget: 'under 50 ms', measured: `${median(filters.times).toFixed(1)} ms`, met: median(filters.times) < 50 },
          { measure: 'scrolling', budget: '60 frames a second', measured: (1000 / median(frames.times)).toFixed(0), met: median(frames.times) < 17 },
        ],
        figures: { signedOut, opened, filters, frames },
      };
    } finally {
      await browser.close();
    }
  } finally {
    await service.stop();
    await removeCompiledService();
    await rm(folder, { recursive: true, force: true });
  }
}

function row(what: string, values: readonly number[]): string[] {
  return [what, ...[median(values), quantile(values, 0.95), Math.max(...values)].map((value) => value.toFixed(1))];
}

/** Fills an account through the route that takes fifty todos at once. */
async function writeTodos(baseUrl: string, count: number, onProgress: (line: string) => void): Promise<void> {
  const duet = createDuetClient({ baseUrl, timeoutMs: 60_000 });
  await duet.register(person);
  await duet.signIn({ email: person.email, password });
  for (let at = 0; at < count; at += 50) {
    const [first, ...others] = Array.from({ length: 50 }, (_, offset) => ({ op: 'create' as const, todo: todoOf(at + offset) }));
    await duet.todos.batch([first!, ...others]);
    if (at % 1_000 === 0) {
      onProgress(`app: ${at} of ${count} todos written`);
    }
  }
}

const titles = ['Water the plants', 'Call Grace', 'Plan the garden', 'Paint the hallway', 'Plant the tulips', 'Read a chapter', 'Pay the rent'];
const tags = ['home', 'garden', 'work', 'family', 'money', 'travel'];

/** Todos as different as a person's: with and without a due, of every status and priority. */
function todoOf(at: number): TodoContent {
  const day = new Date(Date.now() + ((at * 37) % 400) * 86_400_000 - 40 * 86_400_000).toISOString();
  return {
    title: `${titles[at % titles.length]} ${at}`,
    description: at % 3 === 0 ? `Something that is to be done, said in a sentence of a usual length, number ${at}.` : null,
    status: at % 10 === 9 ? 'done' : at % 10 === 4 ? 'in_progress' : 'open',
    priority: (['normal', 'high', 'normal', 'low'] as const)[at % 4],
    due: at % 5 === 0 ? null : at % 5 < 3 ? day.slice(0, 10) : day,
    tags: at % 2 === 0 ? [tags[at % tags.length] ?? 'home', 'bench'] : [],
    checklist: at % 8 === 0 ? [{ title: 'First', done: true }, { title: 'Second' }] : [],
  };
}

async function signIn(context: BrowserContext, app: string, count: number): Promise<Page> {
  const page = await context.newPage();
  await page.goto(app);
  await page.getByLabel('E-mail').fill(person.email);
  await page.getByLabel('Password', { exact: true }).fill(person.password);
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'All saved' }).waitFor({ timeout: 300_000 });
  await page.getByText(new RegExp(`^${(count * 0.9).toLocaleString('en-GB')} todos$`)).waitFor({ state: 'attached', timeout: 60_000 });
  return page;
}

/**
 * Opens the app in a new window, leaves it alone until it asks for nothing more, and gives the JavaScript that has come over the wire, gzipped as a server would send it, and when
 * `ready` was on the screen, in milliseconds from the start.
 */
async function firstLoad(context: BrowserContext, app: string, ready: string): Promise<{ bytes: number; ms: number }> {
  const page = await context.newPage();
  const scripts: Promise<number>[] = [];
  page.on('response', (response) => {
    if (response.url().endsWith('.js')) {
      scripts.push(response.body().then((body) => gzipSync(body).length));
    }
  });
  await page.addInitScript(`new Promise((resolve) => {
    globalThis.shown = new Promise((shown) => {
      const look = () => document.querySelector(${JSON.stringify(ready)}) === null ? requestAnimationFrame(look) : setTimeout(() => shown(performance.now()));
      requestAnimationFrame(look);
    });
  })`);
  await page.goto(app);
  const ms = (await page.evaluate('globalThis.shown')) as number;
  await page.waitForLoadState('networkidle');
  const bytes = (await Promise.all(scripts)).reduce((sum, length) => sum + length, 0);
  await page.close();
  return { bytes, ms };
}

/** Types the searches; from each key to the frame in which the list follows. */
async function filter(page: Page): Promise<Measured> {
  await page.evaluate(`(() => {
    const times = (globalThis.filterTimes = []);
    let pressed;
    addEventListener('keydown', ({ timeStamp }) => (pressed = timeStamp), true);
    new MutationObserver(() => {
      const from = pressed;
      pressed = undefined;
      if (from !== undefined) {
        requestAnimationFrame(() => {
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () => times.push(performance.now() - from);
          port2.postMessage('');
        });
      }
    }).observe(document.querySelector('main'), { subtree: true, childList: true, characterData: true });
  })()`);
  const search = page.getByLabel('Search');
  await search.focus();
  const work = await startWork(page);
  for (const text of searches) {
    for (const key of text) {
      await page.keyboard.press(key);
      await page.waitForTimeout(150);
    }
    await search.fill('');
    await page.waitForTimeout(300);
  }
  const workMs = (await work()) / searches.join('').length;
  return { times: (await page.evaluate('globalThis.filterTimes')) as number[], workMs };
}

/** Scrolls through the list as a hand does, down and up again, and looks at every frame. */
async function scroll(page: Page): Promise<Frames> {
  await page.evaluate(`(() => {
    const seen = (globalThis.seen = { times: [], blank: 0 });
    let last;
    const look = (now) => {
      if (last !== undefined) seen.times.push(now - last);
      last = now;
      const filled = [0.3, 0.6, 0.9].every((part) => document.elementFromPoint(innerWidth / 2, innerHeight * part)?.closest('.todo, .todos-heading'));
      seen.blank += filled ? 0 : 1;
      globalThis.looking = requestAnimationFrame(look);
    };
    globalThis.looking = requestAnimationFrame(look);
  })()`);
  const session = await page.context().newCDPSession(page);
  const work = await startWork(page);
  for (const yDistance of [-20_000, -20_000, 20_000]) {
    await session.send('Input.synthesizeScrollGesture', { x: 700, y: 600, yDistance, speed: 4_000, gestureSourceType: 'mouse' });
  }
  const workMs = await work();
  await page.evaluate('cancelAnimationFrame(globalThis.looking)');
  const seen = (await page.evaluate('globalThis.seen')) as Omit<Frames, 'workMs'>;
  return { ...seen, workMs: workMs / seen.times.length };
}

/** Begins to count what the page's main thread does; what is returned gives that, in milliseconds of processor time. */
async function startWork(page: Page): Promise<() => Promise<number>> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const read = async (): Promise<number> => {
    const { metrics } = await session.send('Performance.getMetrics');
    return (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0) * 1_000;
  };
  const before = await read();
  return async () => (await read()) - before;
}
