import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';
import type { Config } from '../../config/config.js';
import { isLoopback } from '../../config/variables.js';
import { escapeHtml, mailStyle } from '../../features/mail/mail-layout.js';
import { mailFolder } from '../../platform/mail/transports.js';
import { hasCode } from '../errors/system-errors.js';
import { pageHeaders } from './page-headers.js';

/** A mail as the page shows it. */
interface KeptMail {
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly date: string;
  readonly text: string;
  readonly html: string;
}

/** More are not for a person to read. */
const maxListed = 100;

const securityHeaders = {
  // The one style sheet that mails have, and nothing else: no script, no picture, no form, no frame.
  'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(mailStyle).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  ...pageHeaders,
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};

/**
 * Shows at `/mail` what would have been sent, where mails are kept as files: to this machine alone, as a link in them signs in. With `Accept: application/json`
 * it is a list for programs; `?to=` chooses an address.
 */
export function serveMails(app: NestExpressApplication, { dataDir }: Pick<Config, 'dataDir'>): void {
  const folder = mailFolder(dataDir);
  const express = app.getHttpAdapter().getInstance();
  express.get('/mail', onlyHere, async (request: Request, response: Response) => {
    const mails = await readMails(folder, typeof request.query['to'] === 'string' ? request.query['to'] : undefined);
    response.set(securityHeaders);
    if (request.accepts(['html', 'json']) === 'json') {
      response.json({ items: mails.map(({ id, to, subject, date, text }) => ({ id, to, subject, date, text })) });
    } else {
      response.type('html').send(listPage(mails));
    }
  });
  express.get('/mail/:id', onlyHere, async (request: Request, response: Response, next: NextFunction) => {
    const mail = await readMail(folder, String(request.params['id']));
    if (mail === null) {
      next();
    } else {
      response.set(securityHeaders).type('html').send(mail.html);
    }
  });
}

/** For others there is no such route: neither from another machine, nor through a proxy, nor by a name that another site has made lead here (DNS rebinding). */
function onlyHere(request: Request, response: Response, next: NextFunction): void {
  const from = request.socket.remoteAddress?.replace(/^::ffff:/, '') ?? '';
  const asked = `http://${request.get('Host') ?? ''}`;
  const here = isLoopback(from) && request.get('X-Forwarded-For') === undefined && URL.canParse(asked) && isLoopback(new URL(asked).hostname);
  if (!here) {
    next('route');
    return;
  }
  // Pages of other ports may call the API, but have no business with mails.
  response.removeHeader('Access-Control-Allow-Origin');
  next();
}

async function readMails(folder: string, to: string | undefined): Promise<KeptMail[]> {
  // Ids sort by time.
  const ids = (await namesIn(folder)).flatMap((name) => /^(.+)\.eml$/.exec(name)?.[1] ?? []);
  const mails: KeptMail[] = [];
  for (const id of ids.sort().reverse()) {
    if (mails.length === maxListed) {
      break;
    }
    const mail = await readMail(folder, id);
    if (mail !== null && (to === undefined || mail.to.toLowerCase() === to.toLowerCase())) {
      mails.push(mail);
    }
  }
  return mails;
}

async function readMail(folder: string, id: string): Promise<KeptMail | null> {
  if (!/^[\da-f-]{36}$/.test(id)) {
    return null;
  }
  try {
    const bytes = await readFile(join(folder, `${id}.eml`));
    const { default: PostalMime } = await import('postal-mime');
    const { to = [], subject = '', date = '', text = '', html = '' } = await PostalMime.parse(bytes);
    return { id, to: to.map(({ address }) => address).join(', '), subject, date, text, html };
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}

/** `2026-11-26 18:10:06 UTC`; mails have no fractions of a second. */
const readable = (date: string): string => date.replace(/T(.*)\.000Z$/, ' $1 UTC');

function listPage(mails: readonly KeptMail[]): string {
  const item = ({ id, to, subject, date }: KeptMail): string =>
    `<li><a href="mail/${id}">${escapeHtml(subject)}</a><br>to ${escapeHtml(to)}<br><time datetime="${escapeHtml(date)}">${escapeHtml(readable(date))}</time></li>`;
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Duet’s mails</title>',
    `<style>${mailStyle}</style></head><body><main><h1>Mails</h1>`,
    '<p>What would have been sent, the latest first. They are kept in the data folder, and shown to this machine alone.</p>',
    mails.length === 0 ? '<p>There are none yet.</p>' : `<ul>${mails.map(item).join('')}</ul>`,
    '</main></body></html>',
    '',
  ].join('\n');
}
