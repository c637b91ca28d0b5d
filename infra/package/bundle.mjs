import { readdir, readFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { build, transform } from 'esbuild';
import { PackageError, root } from './project.mjs';
import { absentPackages, assertNothingForbidden, trim } from './trim.mjs';

/** The functions, what each carries beside its code, and the packages it never reaches though the application names them. */
export const functions = [
  { name: 'http', files: ['openapi.json', 'common-passwords.txt'], unreached: [] },
  { name: 'stream', files: [], unreached: ['@node-rs/argon2'] },
  { name: 'outbox', files: [], unreached: ['@node-rs/argon2'] },
  { name: 'migrate', files: [], unreached: ['@node-rs/argon2'] },
];

/** Packages that are loaded when a request first needs them, and share nothing with the rest: each is a file of its own. */
const partNames = ['pg', 'typeorm'];

const nodeModules = join(root, 'node_modules');

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
  const { name, files, unreached } = fn;
  const carriesArgon2 = !unreached.includes('@node-rs/argon2');
  const app = await run({
    ...shared,
    entryPoints: [join(compiled, 'lambda', `${name}.js`)],
    outfile: join(root, 'app.cjs'),
    // zod compiles each schema to JavaScript when it is first used, which no code cache can hold: 3 ms of a cold start for some
    // microseconds of each later request. https://zod.dev/packages/core?id=configuration
    banner: { js: `${asFunction.banner}const __bundleUrl=require("node:url").pathToFileURL(__filename).href;globalThis.__zod_globalConfig={jitless:true};` },
    footer: { js: asFunction.footer },
    plugins: [
      absent(unreached),
      parted(carriesArgon2 ? argon2 : undefined),
      await withoutDocs(),
      placed(compiled),
      lazySchemas(compiled),
      modern,
      onlyDefinitions,
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
      ...(carriesArgon2 && { [argon2.file]: argon2.bytes }),
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

// Should a function come to need one after all, this is what its log says.
const absent = (names) => ({
  name: 'absent',
  setup(b) {
    b.onResolve({ filter: /^[@\w]/ }, ({ path }) => (names.includes(path) ? { path, namespace: 'absent' } : undefined));
    // What Nest would load if it were given no adapter. createApp gives one; where nothing calls that, the adapter is left out.
    b.onResolve({ filter: /^@nestjs\/platform-express$/ }, ({ path, kind }) => (kind === 'dynamic-import' ? { path, namespace: 'absent' } : undefined));
    b.onLoad({ filter: /.*/, namespace: 'absent' }, ({ path }) => ({
      contents: `throw new Error(${JSON.stringify(`This function's package does not carry ${path}`)});`,
    }));
  },
});

const parted = (argon2) => ({
  name: 'parted',
  setup(b) {
    b.onResolve({ filter: new RegExp(`^(${partNames.join('|')})$`) }, ({ path }) => ({ path: `./${path}.cjs`, external: true }));
    if (argon2 !== undefined) {
      // Its loader would look for the platform's package; the native code itself has the same exports.
      b.onResolve({ filter: /^@node-rs\/argon2$/ }, () => ({ path: `./${argon2.file}`, external: true }));
    }
  },
});

/**
 * Without Swagger: the contract is the committed `openapi.json`, so on Lambda its decorators have nothing to do.
 * The decorators are listed by what the package has, so that a new one needs no line here.
 */
async function withoutDocs() {
  const folder = join(nodeModules, '@nestjs/swagger/dist/decorators');
  const sources = await Promise.all(
    (await readdir(folder)).filter((file) => file.endsWith('.decorator.js')).map(async (file) => readFile(join(folder, file), 'utf8')),
  );
  const names = sources.flatMap((source) => [...source.matchAll(/^export (?:function|const) (Api\w+)/gm)].map(([, name]) => name)).sort();
  return {
    name: 'without-docs',
    setup(b) {
      b.onResolve({ filter: /^@nestjs\/swagger$/ }, () => ({ path: 'swagger', namespace: 'no-docs' }));
      b.onLoad({ filter: /^swagger$/, namespace: 'no-docs' }, () => ({
        contents: `const none = () => () => {};\n${names.map((name) => `export const ${name} = none;`).join('\n')}`,
      }));
    },
  };
}

/** The service's modules keep their place: what one finds in the repository's root by its own URL, it finds in the package's root. */
const placed = (compiled) => ({
  name: 'placed',
  setup(b) {
    b.onLoad({ filter: /\.js$/ }, async ({ path }) => {
      if (relative(compiled, path).startsWith('..')) return undefined;
      const contents = await readFile(path, 'utf8');
      if (!contents.includes('import.meta.url')) return undefined;
      const place = `./dist/${relative(compiled, path).replaceAll('\\', '/')}`;
      return { contents: contents.replaceAll('import.meta.url', `new URL(${JSON.stringify(place)}, import.meta.url)`), resolveDir: dirname(path) };
    });
  },
});

/**
 * The schemas of requests and answers are made when one is first used: a module of schemas becomes stand-ins that load it. A schema takes
 * about 50 µs to make, there are some hundred, and the first request uses one or two.
 */
const lazySchemas = (compiled) => ({
  name: 'lazy-schemas',
  setup(b) {
    b.onResolve({ filter: /\.schemas\.js$/ }, ({ path, importer, namespace, resolveDir, kind }) => {
      if (namespace === 'lazy-schemas' || relative(compiled, importer).startsWith('..') || importer.endsWith('.schemas.js')) return undefined;
      return { path: join(resolveDir, path), namespace: 'lazy-schemas', sideEffects: kind === 'import-statement' ? false : undefined };
    });
    b.onLoad({ filter: /./, namespace: 'lazy-schemas' }, async ({ path }) => {
      const names = [...(await readFile(path, 'utf8')).matchAll(/^export const (\w+)/gm)].map(([, name]) => name);
      const contents = `
        const lazy = (load) => new Proxy({}, { get: (_, key) => Reflect.get(load(), key), has: (_, key) => Reflect.has(load(), key) });
        ${names.map((name) => `export const ${name} = lazy(() => require(${JSON.stringify(path)}).${name});`).join('\n')}`;
      return { contents, resolveDir: dirname(path) };
    });
  },
});

/**
 * Nest's modules do nothing but define what they export, though its packages do not say so: what nothing asks for (its console logger's
 * colours, the REPL, the graph inspector's tools) is left out. `reflect-metadata`, which they load for others, the functions load themselves.
 */
const onlyDefinitions = {
  name: 'only-definitions',
  setup(b) {
    b.onResolve({ filter: /./ }, async ({ path, pluginData, ...from }) => {
      if (pluginData === onlyDefinitions || from.kind === 'entry-point' || from.namespace !== 'file') return undefined;
      if (!path.startsWith('@nestjs/') && !(path.startsWith('.') && /\/node_modules\/@nestjs\//.test(from.importer))) return undefined;
      const found = await b.resolve(path, { ...from, pluginData: onlyDefinitions });
      return /\/node_modules\/@nestjs\//.test(found.path) && !found.external ? { ...found, sideEffects: false } : found;
    });
  },
};

/** rxjs gives Node its CommonJS build, of which nothing can be left out; its modules are the same code. */
const modern = {
  name: 'modern',
  setup(b) {
    b.onResolve({ filter: /^rxjs(\/operators)?$/ }, ({ path }) => ({
      path: join(nodeModules, 'rxjs/dist/esm', path.slice('rxjs'.length), 'index.js'),
      sideEffects: false,
    }));
  },
};
