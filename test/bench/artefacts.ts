import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { transform } from '@swc/core';
import { build } from 'esbuild';
import { unzipSync } from 'fflate';

const root = fileURLToPath(new URL('../../', import.meta.url));
const peers = fileURLToPath(new URL('peers/', import.meta.url));
const run = promisify(execFile);

/** The service as it is deployed: the folders of functions, and where the zips lie. */
export interface ServicePackage {
  readonly zips: string;
  readonly http: string;
  readonly migrate: string;
  readonly stream: string;
}

/** Packages the service afresh, below `out`. */
export async function packageService(out: string): Promise<ServicePackage> {
  await run(process.execPath, [join(root, 'infra/package/package.mjs'), '--out', join(out, 'made')], { cwd: root });
  return unpackService(join(out, 'made'), out);
}

/** Gives each function of a package an empty folder of its own, below `out`, with what its zip holds. */
export async function unpackService(made: string, out: string): Promise<ServicePackage> {
  const [http, migrate, stream] = await Promise.all(['http', 'migrate', 'stream'].map(async (name) => unpack(join(made, `${name}.zip`), join(out, name))));
  return { zips: made, http, migrate, stream } as ServicePackage;
}

async function unpack(zip: string, folder: string): Promise<string> {
  await mkdir(folder, { recursive: true });
  await Promise.all(Object.entries(unzipSync(await readFile(zip))).map(async ([file, bytes]) => writeFile(join(folder, file), bytes)));
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

/**
 * The usual set-up as it is deployed: compiled, not bundled, with its node_modules beside it. They are no business of one who only develops the
 * service, so they are installed when first needed, from the peer's own lock, and kept in node_modules/.cache.
 */
export async function installStockNest(onProgress: (line: string) => void): Promise<string> {
  const source = join(peers, 'stock-nest');
  const sources = (await readdir(join(source, 'src'))).sort();
  const contents = await Promise.all(
    ['package.json', 'package-lock.json', ...sources.map((file) => join('src', file))].map(async (file) => readFile(join(source, file))),
  );
  const cache = join(root, 'node_modules/.cache/duet-bench');
  const home = join(
    cache,
    `stock-nest-${contents
      .reduce((hash, text) => hash.update(text), createHash('sha256'))
      .digest('hex')
      .slice(0, 16)}`,
  );
  if (await exists(home)) {
    return home;
  }
  onProgress('installing the stock NestJS peer');
  await mkdir(cache, { recursive: true });
  const made = await mkdtemp(join(cache, '.stock-nest-'));
  try {
    await Promise.all(['package.json', 'package-lock.json'].map(async (file) => copyFile(join(source, file), join(made, file))));
    await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: made });
    await Promise.all(
      sources.map(async (file) => {
        const { code } = await transform(await readFile(join(source, 'src', file), 'utf8'), {
          swcrc: false,
          jsc: { parser: { syntax: 'typescript', decorators: true }, target: 'es2022', transform: { legacyDecorator: true, decoratorMetadata: true } },
          module: { type: 'es6' },
        });
        await writeFile(join(made, file.replace(/\.ts$/, '.js')), code);
      }),
    );
    await rename(made, home).catch(async (error: unknown) => {
      // Another process was quicker; its copy is as good.
      if (!(await exists(home))) throw error;
    });
  } finally {
    await rm(made, { recursive: true, force: true });
  }
  return home;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
