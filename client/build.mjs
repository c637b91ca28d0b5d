// Bundles the command line into one file, dist/duet.js, so that the library needs none of its packages. Types are checked by npm run check.
// With --clean, for the package: from an empty dist, and with the licence beside it.
import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const folder = fileURLToPath(new URL('.', import.meta.url));

if (process.argv.includes('--clean')) {
  await rm(join(folder, 'dist'), { recursive: true, force: true });
  await copyFile(join(folder, '../LICENSE'), join(folder, 'LICENSE'));
}
await build({
  absWorkingDir: folder,
  entryPoints: { duet: 'cli.ts' },
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  format: 'esm',
  legalComments: 'linked',
  // Packages that are CommonJS call require.
  banner: { js: `import { createRequire as duetCreateRequire } from 'node:module';\nconst require = duetCreateRequire(import.meta.url);` },
  logLevel: 'warning',
});
