import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

/** The service that `npm start` runs; Vite's dev server sends it what the app asks for. */
const service = `http://localhost:${process.env['PORT'] ?? '3000'}`;

export default defineConfig(({ command }) => {
  if (command === 'build') {
    // What people get, wherever it is built: where this says something else, as under jest, Vite would take React's development build.
    process.env['NODE_ENV'] = 'production';
  }
  return {
    // Wherever it is put: at /app/ of the local service, at the root of its own host in the cloud.
    base: './',
    build: {
      target: 'es2023',
      // Small files would become data: URLs, which the content security policy does not let pass as styles or scripts.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      reportCompressedSize: true,
    },
    server: { proxy: { '/api': { target: service, rewrite: (path: string) => path.replace(/^\/api/, '') } } },
    plugins: [devConfig(), shellWorker()],
  };
});

/** The dev server's own config.json, which leads to its proxy: paths of the API look like folders of the source. */
function devConfig(): Plugin {
  return {
    name: 'duet-dev-config',
    configureServer(server) {
      server.middlewares.use('/config.json', (_request, response) => {
        response.setHeader('Content-Type', 'application/json').end('{ "apiUrl": "/api" }');
      });
    },
  };
}

/** Writes `shell-worker.js` with the list of this build's files, named by their content. */
function shellWorker(): Plugin {
  const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
  return {
    name: 'duet-shell-worker',
    apply: 'build',
    generateBundle(_options, bundle) {
      const source = readFileSync(here('shell-worker.js'), 'utf8');
      const built = Object.values(bundle).map((file) => ({ name: file.fileName, content: file.type === 'chunk' ? file.code : file.source }));
      const copied = readdirSync(here('public')).map((name) => ({ name, content: readFileSync(here(`public/${name}`)) }));
      const files = [...built, ...copied];
      const hash = createHash('sha256')
        .update(source)
        .update(readFileSync(here('index.html')));
      files.forEach(({ name, content }) => hash.update(name).update(content));
      const names = ['./', ...files.map(({ name }) => name).filter((name) => name !== 'index.html')];
      const head = `const shellFiles = ${JSON.stringify(names)};\nconst shellName = 'duet-shell-${hash.digest('hex').slice(0, 16)}';\n`;
      this.emitFile({ type: 'asset', fileName: 'shell-worker.js', source: `${head}${source}` });
    },
  };
}
