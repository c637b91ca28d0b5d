// node scripts/build-web.mjs [folder]: builds web/ into dist/web, or the folder given, unless nothing has changed since the last time.
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildAfresh, isStale } from './freshness.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const output = resolve(process.argv[2] ?? join(root, 'dist/web'));
const stamp = join(output, '.built');
const inputs = ['web', 'client', 'package.json', 'package-lock.json'].map((input) => join(root, input));

if (isStale(stamp, inputs)) {
  await buildAfresh(' the app', stamp, process.stderr, async () => {
    const { build } = await import('vite');
    await build({
      configFile: join(root, 'web/vite.config.ts'),
      root: join(root, 'web'),
      logLevel: 'warn',
      build: { outDir: output, emptyOutDir: true },
    });
  });
}
