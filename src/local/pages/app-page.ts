import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';
import { currentContext } from '../../common/http/request-context.js';
import { StartError } from '../errors/start-error.js';
import { pageHeaders } from './page-headers.js';

/** Where `scripts/build-web.mjs` puts the app. */
const folder = fileURLToPath(new URL('../../web', import.meta.url));

/** Builds the app when a source of it has changed since the last build, in a process of its own; where its sources are not, as in a copied build, what is there is served. */
export async function buildApp(): Promise<void> {
  const script = fileURLToPath(new URL('../../../scripts/build-web.mjs', import.meta.url));
  if (existsSync(script)) {
    const [code] = (await once(spawn(process.execPath, [script], { stdio: ['ignore', 'inherit', 'inherit'] }), 'exit')) as [number | null];
    if (code !== 0) {
      throw new StartError('The app could not be built: see above');
    }
  }
}

export function isAppBuilt(): boolean {
  return existsSync(`${folder}/index.html`);
}

/**
 * Nothing from another host, no inline script or style, no string that becomes code; and of scripts' addresses made at run time, only the one that the
 * policy named `duet` makes, which is the service worker's.
 */
const securityHeaders = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "manifest-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    'trusted-types duet',
  ].join('; '),
  ...pageHeaders,
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy': 'camera=(), microphone=(), geolocation=()',
};

/** Serves the app at `/app/`, when it has been built, and sends browsers there from `/`; a program that asks for `/` gets the service's description. */
export function serveApp(app: NestExpressApplication): void {
  if (!isAppBuilt()) {
    return;
  }
  const express = app.getHttpAdapter().getInstance();
  const home = (): string => `${currentContext()?.basePath ?? ''}/app/`;
  express.get('/', (request: Request, response: Response, next: NextFunction) => {
    response.vary('Accept');
    if (request.accepts(['json', 'html']) === 'html') {
      response.redirect(home());
      return;
    }
    next();
  });
  express.get('/app{/*file}', (request: Request, response: Response, next: NextFunction) => {
    if (!request.path.startsWith('/app/')) {
      response.redirect(home());
      return;
    }
    const file = request.path.slice('/app/'.length) || 'index.html';
    // A hash of the content is part of these names, so that they never change.
    const hashed = file.startsWith('assets/');
    response.set({ ...securityHeaders, 'Cache-Control': hashed ? 'public, max-age=31536000, immutable' : 'no-cache' });
    response.sendFile(file, { root: folder, cacheControl: false, dotfiles: 'ignore' }, (error?: Error) => {
      if (error !== undefined && !response.headersSent) {
        Object.keys(securityHeaders).forEach((name) => response.removeHeader(name));
        next();
      }
    });
  });
}
