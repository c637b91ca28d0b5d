import { createServer, request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type BuildResult } from 'esbuild';
import { listenOnLoopback } from '../../support/loopback.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** One ES module for browsers; esbuild refuses what only Node has. */
export async function bundle(contents: string): Promise<BuildResult<{ metafile: true; write: false }>> {
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

/** A site with one page. */
export interface Site {
  readonly url: string;
  /** Whether it breaks what goes to the service. */
  cut: boolean;
  stop(): Promise<void>;
}

/** Serves a page of this script at `/page`; all else goes to the service, as through a site's own web server. */
export async function startSite(serviceUrl: string, script: string): Promise<Site> {
  const { outputFiles } = await bundle(script);
  const server = createServer((request, response) => {
    if (request.url === '/page') {
      response
        .writeHead(200, { 'Content-Type': 'text/html' })
        .end('<!doctype html><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>');
    } else if (request.url === '/page.js') {
      response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(outputFiles[0]?.contents);
    } else if (site.cut) {
      request.socket.destroy();
    } else {
      const onward = httpRequest(serviceUrl + request.url, { method: request.method, headers: request.headers }, (reply) => {
        response.writeHead(reply.statusCode ?? 502, reply.headers);
        reply.pipe(response);
      });
      request.pipe(onward);
    }
  });
  const site: Site = { cut: false, ...(await listenOnLoopback(server)) };
  return site;
}
