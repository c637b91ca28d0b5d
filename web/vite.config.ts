import { defineConfig, type Plugin } from 'vite';

/** The service that `npm start` runs; Vite's dev server sends it what the app asks for. */
const service = `http://localhost:${process.env['PORT'] ?? '3000'}`;

export default defineConfig({
  // Wherever it is put: at /app/ of the local service, at the root of its own host in the cloud.
  base: './',
  build: {
    target: 'es2023',
    // Small files would become data: URLs, which the content security policy does not let pass as styles or scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  server: { proxy: { '/api': { target: service, rewrite: (path) => path.replace(/^\/api/, '') } } },
  plugins: [devConfig()],
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
