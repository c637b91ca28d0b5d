import { readFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { basename, join, relative } from 'node:path';
import { build, transform } from 'esbuild';
import {
  keepModuleUrls,
  lazySchemas,
  nodeModules,
  partNames,
  rxjsModules,
  separateFiles,
  withoutDefaultAdapter,
  withoutSideEffects,
  withoutSwagger,
} from './plugins.mjs';
import { PackageError, root } from './project.mjs';
import { absentPackages, assertNothingForbidden, trim } from './trim.mjs';

/** The functions, and what each carries beside its code. */
export const functions = [
  { name: 'http', files: ['openapi.json', 'common-passwords.txt'] },
  { name: 'stream', files: [] },
  { name: 'outbox', files: [] },
  { name: 'migrate', files: [] },
];

/** What is used of a part whose own index would load everything it has. */
const partContents = {
  typeorm: `
    exports.DataSource = require('./node_modules/typeorm/data-source/DataSource.js').DataSource;
    exports.EntitySchema = require('./node_modules/typeorm/entity-schema/EntitySchema.js').EntitySchema;`,
};

/** What a script is wrapped in, as Node wraps a CommonJS file: entry.mjs calls it. */
const asFunction = { banner: '(function(exports,require,module,__filename,__dirname){', footer: '})' };

/** @type {import('esbuild').BuildOptions} */
const shared = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  // The oldest Node the tests run a package on; the functions' is newer.
  target: 'node20',
  // A script compiled from the code cache cannot import() on Node 20: what is left of dynamic imports becomes require().
  supported: { 'dynamic-import': false },
  // Modules rather than CommonJS where a package has both: only of those can the unused be left out.
  mainFields: ['module', 'main'],
  nodePaths: [nodeModules],
  define: { 'import.meta.url': '__bundleUrl', 'process.env.NODE_ENV': '"production"' },
  external: absentPackages.flatMap((name) => [name, `${name}/*`]),
  // tsc has applied tsconfig.json; a second reading would depend on whether the compiled folder lies below it.
  tsconfigRaw: '{}',
  minify: true,
  legalComments: 'none',
  sourcemap: 'external',
  metafile: true,
  write: false,
  logLevel: 'silent',
};

/** The lazily loaded packages, each a CommonJS file. */
export async function bundleParts() {
  const noPolyfill = { name: 'no-polyfill', setup: (b) => b.onLoad({ filter: /\/reflect-metadata\/Reflect\.js$/ }, () => ({ contents: '' })) };
  return Promise.all(
    partNames.map(async (name) => {
      const made = await run({
        ...shared,
        stdin: { contents: partContents[name] ?? `module.exports = require('${name}');`, resolveDir: root, sourcefile: `${name}.js` },
        outfile: join(root, `${name}.cjs`),
        external: [...shared.external, ...partNames.filter((other) => other !== name), 'pg-query-stream'],
        banner: { js: asFunction.banner },
        footer: { js: asFunction.footer },
        // TypeORM names its errors after their classes, and logs are read by those names.
        keepNames: true,
        // The application has loaded reflect-metadata; a second copy would be a second registry.
        plugins: [trim, noPolyfill],
      });
      return { name, ...made };
    }),
  );
}

/**
 * One function's files: those for the zip, and the source maps, which stay out of it.
 *
 * @returns what to write, and the metafile of each bundle for the analysis.
 */
export async function bundleFunction({ fn, compiled, parts, argon2 }) {
  const { name, files } = fn;
  const app = await run({
    ...shared,
    entryPoints: [join(compiled, 'lambda', `${name}.js`)],
    outfile: join(root, 'app.cjs'),
    // zod compiles each schema to JavaScript when it is first used, which no code cache can hold: 3 ms of a cold start for some
    // microseconds of each later request. https://zod.dev/packages/core?id=configuration
    banner: { js: `${asFunction.banner}const __bundleUrl=require("node:url").pathToFileURL(__filename).href;globalThis.__zod_globalConfig={jitless:true};` },
    footer: { js: asFunction.footer },
    plugins: [
      withoutDefaultAdapter,
      separateFiles(argon2),
      await withoutSwagger(),
      keepModuleUrls(compiled),
      lazySchemas(compiled),
      rxjsModules,
      withoutSideEffects,
      trim,
    ],
  });
  assertNothingForbidden(name, app.inputs(compiled));
  const mine = parts.filter((part) => app.externals.has(`./${part.name}.cjs`));
  const bundles = { 'app.cjs': app, ...Object.fromEntries(mine.map((part) => [`${part.name}.cjs`, part])) };
  const copied = await Promise.all(files.map(async (file) => [basename(file), await readFile(join(root, file))]));
  return {
    name,
    bundles,
    files: {
      'index.mjs': await entry(),
      ...Object.fromEntries(Object.entries(bundles).map(([file, { code }]) => [file, code])),
      ...Object.fromEntries(copied),
      ...(app.externals.has(`./${argon2.file}`) && { [argon2.file]: argon2.bytes }),
    },
    maps: Object.fromEntries(Object.entries(bundles).map(([file, { map }]) => [`${file}.map`, map])),
  };
}

/** `index.mjs`: see entry.mjs. */
async function entry() {
  const { code } = await transform(await readFile(join(root, 'infra/package/entry.mjs'), 'utf8'), { format: 'esm', target: 'node20', minify: true });
  return Buffer.from(code);
}

async function run(options) {
  const { errors, outputFiles, metafile } = await build(options).catch((error) => ({ errors: error.errors ?? [{ text: error.message }] }));
  if (errors.length > 0) {
    const lines = errors.map(({ text, location }) => `  ${location ? `${location.file}:${location.line}: ` : ''}${text}`);
    throw new PackageError(`${basename(options.outfile)} cannot be bundled:\n${lines.join('\n')}`);
  }
  const output = Object.values(metafile.outputs).find(({ entryPoint }) => entryPoint !== undefined);
  const externals = new Set(output.imports.map(({ path }) => path).filter((path) => !path.startsWith('node:') && !builtinModules.includes(path)));
  const known = new Set([...absentPackages, ...partNames, 'pg-query-stream']);
  const missing = [...externals].filter((path) => !path.startsWith('./') && !known.has(packageOf(path)));
  if (missing.length > 0) {
    throw new PackageError(`${basename(options.outfile)} would ask for packages that are not beside it: ${missing.join(', ')}`);
  }
  const fileEnding = (end) => Buffer.from(outputFiles.find(({ path }) => path.endsWith(end)).contents);
  return {
    code: fileEnding('.cjs'),
    map: fileEnding('.map'),
    externals,
    output,
    /** The paths of what is in it; the service's own as in src. */
    inputs: (compiled) =>
      Object.entries(output.inputs)
        .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
        .map(([path]) => ownPath(join(root, path), compiled) ?? path),
  };
}

const packageOf = (path) => /^(@[^/]+\/)?[^/]+/.exec(path)[0];

function ownPath(path, compiled) {
  const inside = relative(compiled, path);
  return inside.startsWith('..') ? undefined : join('src', inside);
}
