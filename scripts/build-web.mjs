// node scripts/build-web.mjs [folder]: builds web/ into dist/web, or the folder given, unless nothing has changed since the last time.
import { existsSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const output = resolve(process.argv[2] ?? join(root, 'dist/web'));
/** Its time is the beginning of the last build that went well. */
const stamp = join(output, '.built');
const inputs = ['web', 'client', 'package.json', 'package-lock.json'];

function newest(path) {
  const stat = statSync(path);
  // What the client's own build makes is no source.
  const names = stat.isDirectory() ? readdirSync(path).filter((name) => name !== 'dist') : [];
  return Math.max(stat.mtimeMs, ...names.map((name) => newest(join(path, name))));
}

if (!existsSync(stamp) || inputs.some((input) => newest(join(root, input)) > statSync(stamp).mtimeMs)) {
  process.stderr.write('Building the app, because a source has changed since the last build…\n');
  const startedAt = new Date();
  const { build } = await import('vite');
  await build({
    configFile: join(root, 'web/vite.config.ts'),
    root: join(root, 'web'),
    logLevel: 'warn',
    build: { outDir: output, emptyOutDir: true },
  });
  writeFileSync(stamp, '');
  utimesSync(stamp, startedAt, startedAt);
  process.stderr.write(`Built the app in ${((Date.now() - startedAt.getTime()) / 1000).toFixed(1)} s\n`);
}
