import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { createServerApp } from '../../../src/local/server/server-app.js';
import { mailFolder } from '../../../src/platform/mail/transports.js';
import { eventually } from '../../support/eventually.js';
import { callService, type SignedUp, startService, type TestService } from '../../support/service.js';

// Real: the service and its mails, in files.

let service: TestService;
let user: SignedUp;
beforeAll(async () => {
  service = await startService();
  user = await service.signUp({ name: '<script>alert(1)</script>' });
  await eventually(async () => (await listed()).length === 1, { what: 'the mail is there' });
});
afterAll(async () => service?.stop());

const json = { Accept: 'application/json' };
const listed = async () => (await service.call('GET', `/mail?to=${user.email.toUpperCase()}`, { headers: json })).body.items;
/** The status of /mail asked for by a header that fetch would not send. */
const statusWith = async (headers: Record<string, string>): Promise<number> =>
  new Promise((resolve, reject) => {
    request(`${service.url}/mail`, { headers }, (response) => void text(response).then(() => resolve(response.statusCode ?? 0), reject))
      .on('error', reject)
      .end();
  });

test('The page lists the mails, and each opens with links that can be followed', async () => {
  const [mail] = await listed();
  expect(mail).toEqual({
    id: expect.stringMatching(/^[\da-f-]{36}$/),
    to: user.email,
    subject: 'Verify your e-mail address for Duet',
    date: expect.stringMatching(/^\d{4}-/),
    text: expect.stringMatching(/http:\/\/localhost:0\/app\/#\/verify\/[\w-]{43}\n/),
  });

  const page = await service.call('GET', '/mail', { headers: { Accept: 'text/html' } });
  const opened = await service.call('GET', `/mail/${mail.id}`);

  expect(page.text).toContain(`<a href="mail/${mail.id}">Verify your e-mail address for Duet</a>`);
  expect(page.text).toMatch(/to \S+@example\.com<br><time datetime="[^"]+">\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC<\/time>/);
  expect(opened.text).toMatch(/href="http:\/\/localhost:0\/app\/#\/verify\/[\w-]{43}"/);
  expect(opened.text).toContain('&lt;script&gt;');
  for (const { headers } of [page, opened]) {
    expect(headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/]+='; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    );
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
  }
});

test('The page is for this machine alone', async () => {
  const host = new URL(service.url).host;
  expect(await statusWith({ Host: host })).toBe(200);
  expect(await statusWith({ Host: 'rebound.example.com' })).toBe(404);
  expect(await statusWith({ Host: host, 'X-Forwarded-For': '192.0.2.1' })).toBe(404);
  const { headers } = await service.call('GET', '/mail', { headers: { ...json, Origin: 'http://localhost:5173' } });
  expect(headers.get('access-control-allow-origin')).toBeNull();
});

test('What is no mail is 404, wherever it would lead', async () => {
  for (const id of [randomUUID(), 'x', '..%2Fjwt-secret', `${randomUUID()}.eml`]) {
    expect((await service.call('GET', `/mail/${id}`)).status).toBe(404);
  }
});

test('The files are their owner’s alone', async () => {
  const folder = mailFolder(service.config.dataDir);
  const modes = await Promise.all([folder, ...(await readdir(folder)).map((name) => `${folder}/${name}`)].map(async (path) => (await stat(path)).mode & 0o777));

  expect(modes).toEqual([0o700, ...modes.slice(1).map(() => 0o600)]);
});

test('There is no page where mails are sent', async () => {
  const route = { kind: 'smtp', host: '127.0.0.1', port: 9, tls: 'none' } as const;
  const app = await createServerApp({ ...service.config, mail: { ...service.config.mail, route } });
  try {
    await app.listen(0, '127.0.0.1');
    expect((await callService(await app.getUrl(), 'GET', '/mail')).status).toBe(404);
  } finally {
    await app.close();
  }
});
