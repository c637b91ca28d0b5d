/**
 * `npm run package`: what is deployed to Lambda, made of what the repository holds. This room knows the build and nothing of the service;
 * Terraform, its neighbour, uploads the zips. Plain JavaScript, because it runs before anything is compiled.
 *
 *   package.mjs   the command: compile, bundle, write folders and zips
 *   bundle.mjs    esbuild: one function's files
 *   trim.mjs      what a bundle leaves out, and why it may
 *   argon2.mjs    the native binary of the functions' architecture
 *   runtime.mjs   Node as Lambda has it, fetched when first needed
 *   zip.mjs       zips whose bytes depend on nothing but their content
 *   analysis.mjs  what weighs what
 *
 * LAMBDA_ARCH=x64 (default) or arm64. Options: `--analyze` lists what weighs what; `--out <folder>` (default dist/lambda);
 * `--compiled <folder>` keeps tsc's output there, or takes what is there already instead of compiling.
 *
 * A function's folder holds `index.mjs`, which exports `handler`, `app.cjs` with the service, and packages that only some requests need
 * (TypeORM, pg) each in a file of its own: a request that needs none neither reads nor compiles them. They are CommonJS files because V8's
 * code cache exists for scripts only (`vm.Script`), and so that `import()` of them happens on first use; `index.mjs` is an ES module because
 * Lambda's runtime client loads handlers with `import()`, which would scan a large CommonJS file for its exports first.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { describePackages } from './analysis.mjs';
import { architectures, nativeArgon2 } from './argon2.mjs';
import { bundleFunction, bundleParts, functions } from './bundle.mjs';
import { cannotCache, makeCodeCaches, rememberedCodeCaches } from './code-cache.mjs';
import { PackageError, root } from './project.mjs';
import { assertEveryTrimIsUsed } from './trim.mjs';
import { zipOf } from './zip.mjs';

const { values: options } = parseArgs({
  allowNegative: true,
  options: {
    analyze: { type: 'boolean', default: false },
    'code-cache': { type: 'boolean', default: true },
    out: { type: 'string', default: join(root, 'dist/lambda') },
    compiled: { type: 'string' },
  },
});

/**
 * tsc's output of `src`, in a folder of its own: `dist/lambda/http.js` is what `nest build` makes. `check` and CI look at the types, not this.
 * The folder is laid out as the repository's root, since code finds by its own place what lies there, and can be run: the code cache needs it.
 */
async function compile(folder) {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  await mkdir(folder, { recursive: true });
  // How imports of CommonJS packages behave depends on the importer's own kind.
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }\n');
  for (const name of ['node_modules', 'infra']) {
    await symlink(join(root, name), join(folder, name));
  }
  await promisify(execFile)(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--noCheck', '--outDir', join(folder, 'dist')], { cwd: root }).catch(
    (error) => {
      throw new PackageError(`tsc failed:\n${error.stdout}`, { cause: error });
    },
  );
}

async function withCompiled(work) {
  if (options.compiled !== undefined) {
    const folder = resolve(options.compiled);
    const isThere = (await readdir(folder).catch(() => [])).includes('dist');
    if (!isThere) await compile(folder);
    return work(join(folder, 'dist'));
  }
  await mkdir(join(root, 'dist'), { recursive: true });
  const folder = await mkdtemp(join(root, 'dist/.package-'));
  try {
    await compile(folder);
    return await work(join(folder, 'dist'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeFolder(folder, { files, maps }) {
  await rm(`${folder}.zip`, { force: true });
  // The maps lie beside the function's folder: what is in it is what is deployed.
  await Promise.all([writeFiles(folder, files), writeFiles(`${folder}.maps`, maps)]);
}

async function writeFiles(folder, files) {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await Promise.all(Object.entries(files).map(async ([file, bytes]) => writeFile(join(folder, file), bytes)));
}

async function writeZip(folder, files) {
  const zip = zipOf(files);
  await writeFile(`${folder}.zip`, zip);
  return zip.length;
}

async function codeCaches(built, folders, compiled, arch) {
  if (!options['code-cache']) return {};
  const reason = cannotCache(arch);
  if (reason !== null) {
    process.stdout.write(`${reason}\n`);
    return {};
  }
  return rememberedCodeCaches(built, folders, async () => {
    process.stdout.write('Running every function once on embedded stores, for its code cache…\n');
    return makeCodeCaches(folders, compiled);
  });
}

async function main() {
  // A build's own switch: the service's configuration is read by src/config alone.
  // oxlint-disable-next-line no-process-env
  const arch = process.env.LAMBDA_ARCH || 'x64';
  if (!architectures.includes(arch)) {
    throw new PackageError(`LAMBDA_ARCH must be ${architectures.join(' or ')}`);
  }
  const out = resolve(options.out);
  const packages = await withCompiled(async (compiled) => {
    const [argon2, parts] = await Promise.all([nativeArgon2(arch), bundleParts()]);
    const built = await Promise.all(functions.map(async (fn) => bundleFunction({ fn, compiled, parts, argon2 })));
    assertEveryTrimIsUsed();
    const folders = Object.fromEntries(built.map(({ name }) => [name, join(out, name)]));
    await Promise.all(built.map(async (made) => writeFolder(folders[made.name], made)));
    const caches = await codeCaches(built, folders, compiled, arch);
    return built.map((made) => ({ ...made, caches: caches[made.name] ?? {} }));
  });
  for (const { name, files, caches } of packages) {
    const bytes = await writeZip(join(out, name), { ...files, ...caches });
    const ofCode = zipOf(files).length;
    process.stdout.write(
      `${name.padEnd(8)} ${String(ofCode).padStart(9)} bytes zipped (${arch}), ${String(bytes).padStart(9)} with its code cache  ${join(out, name)}.zip\n`,
    );
  }
  if (options.analyze) {
    process.stdout.write(describePackages(packages));
  }
}

// A reader of the listing may stop before its end.
process.stdout.on('error', () => undefined);

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof PackageError ? error.message : error.stack}\n`);
  process.exitCode = 1;
}
