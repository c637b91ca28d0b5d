import { readdir, readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { root } from './project.mjs';

// esbuild's plugins of the package step: what a bundle leaves out, loads late or takes from elsewhere.

/** Packages that are loaded when a request first needs them, and share nothing with the rest: each is a file of its own. */
export const partNames = ['pg', 'typeorm'];

export const nodeModules = join(root, 'node_modules');

/** Nest would load Express's adapter if it were given none; createApp gives one, and what calls no createApp needs none. */
export const withoutDefaultAdapter = {
  name: 'without-default-adapter',
  setup(b) {
    const namespace = 'default-adapter';
    b.onResolve({ filter: /^@nestjs\/platform-express$/ }, ({ path, kind }) => (kind === 'dynamic-import' ? { path, namespace } : undefined));
    b.onLoad({ filter: /./, namespace }, () => ({ contents: 'throw new Error("createApp gives the adapter");' }));
  },
};

/** The lazily loaded parts and the native code of argon2 stand beside the bundle. */
export const separateFiles = (argon2) => ({
  name: 'separate-files',
  setup(b) {
    b.onResolve({ filter: new RegExp(`^(${partNames.join('|')})$`) }, ({ path }) => ({ path: `./${path}.cjs`, external: true }));
    // Its loader would look for the platform's package; the native code itself has the same exports.
    b.onResolve({ filter: /^@node-rs\/argon2$/ }, () => ({ path: `./${argon2.file}`, external: true, sideEffects: false }));
  },
});

/**
 * Without Swagger: the contract is the committed `openapi.json`, so on Lambda its decorators have nothing to do.
 * The decorators are listed by what the package has, so that a new one needs no line here.
 */
export async function withoutSwagger() {
  const folder = join(nodeModules, '@nestjs/swagger/dist/decorators');
  const sources = await Promise.all(
    (await readdir(folder)).filter((file) => file.endsWith('.decorator.js')).map(async (file) => readFile(join(folder, file), 'utf8')),
  );
  const names = sources.flatMap((source) => [...source.matchAll(/^export (?:function|const) (Api\w+)/gm)].map(([, name]) => name)).sort();
  return {
    name: 'without-swagger',
    setup(b) {
      b.onResolve({ filter: /^@nestjs\/swagger$/ }, () => ({ path: 'swagger', namespace: 'no-swagger' }));
      b.onLoad({ filter: /^swagger$/, namespace: 'no-swagger' }, () => ({
        contents: `const none = () => () => {};\n${names.map((name) => `export const ${name} = none;`).join('\n')}`,
      }));
    },
  };
}

/** The service's modules keep their place: what one finds in the repository's root by its own URL, it finds in the package's root. */
export const keepModuleUrls = (compiled) => ({
  name: 'keep-module-urls',
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
export const lazySchemas = (compiled) => ({
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
export const withoutSideEffects = {
  name: 'without-side-effects',
  setup(b) {
    b.onResolve({ filter: /./ }, async ({ path, pluginData, ...from }) => {
      if (pluginData === withoutSideEffects || from.kind === 'entry-point' || from.namespace !== 'file') return undefined;
      if (!path.startsWith('@nestjs/') && !(path.startsWith('.') && /\/node_modules\/@nestjs\//.test(from.importer))) return undefined;
      const found = await b.resolve(path, { ...from, pluginData: withoutSideEffects });
      return /\/node_modules\/@nestjs\//.test(found.path) && !found.external ? { ...found, sideEffects: false } : found;
    });
  },
};

/** rxjs gives Node its CommonJS build, of which nothing can be left out; its modules are the same code. */
export const rxjsModules = {
  name: 'rxjs-modules',
  setup(b) {
    b.onResolve({ filter: /^rxjs(\/operators)?$/ }, ({ path }) => ({
      path: join(nodeModules, 'rxjs/dist/esm', path.slice('rxjs'.length), 'index.js'),
      sideEffects: false,
    }));
  },
};
