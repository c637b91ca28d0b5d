import { execFile } from 'node:child_process';
import { copyFile, mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../../', import.meta.url));
const peers = fileURLToPath(new URL('peers/', import.meta.url));
const run = promisify(execFile);

/** Packages the service afresh into `out`; each function gets an empty folder of its own with what its zip holds. */
export async function packageService(out: string): Promise<Readonly<Record<'http' | 'migrate', string>> & { readonly zipBytes: number }> {
  await run(process.execPath, [join(root, 'infra/package/package.mjs'), '--out', join(out, 'made')], { cwd: root });
  return {
    http: await unpack(join(out, 'made/http'), join(out, 'duet')),
    migrate: await unpack(join(out, 'made/migrate'), join(out, 'migrate')),
    zipBytes: (await stat(join(out, 'made/http.zip'))).size,
  };
}

async function unpack(made: string, folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  // Source maps lie beside the code, not in the zip.
  const files = (await readdir(made)).filter((file) => !file.endsWith('.map'));
  await Promise.all(files.map(async (file) => copyFile(join(made, file), join(folder, file))));
  return folder;
}

/** Bundles a peer that is one file, as one does by hand: minified, an ES module, module fields first. */
export async function bundlePeer(name: 'handwritten' | 'express', folder: string): Promise<string> {
  await build({
    absWorkingDir: root,
    entryPoints: [join(peers, name, 'handler.mjs')],
    outfile: join(folder, 'index.mjs'),
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node22',
    format: 'esm',
    mainFields: ['module', 'main'],
    external: ['pg-native'],
    define: { 'process.env.NODE_ENV': '"production"' },
    // CommonJS packages in an ES module still call require().
    banner: { js: 'import{createRequire}from"node:module";const require=createRequire(import.meta.url);' },
    logLevel: 'error',
  });
  return folder;
}
