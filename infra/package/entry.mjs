/**
 * What every function's `index.mjs` is made of (see bundle.mjs): it runs on Lambda, and loads the package's scripts, `app.cjs` and the parts
 * that only some requests need, with the code that V8 had made of them when the package was built (code-cache.mjs).
 *
 * V8 takes such a cache only for the version and the flags it was made with, and otherwise compiles as it always does. That shows in the
 * log line `cachedDataRejected`, which Terraform makes a metric and an alarm of: the service goes on, some 100 ms later at each cold start.
 */
// Not imported: an ES module that imports node:fs makes Node load its streams and promises too, some 10 ms.
const builtin = process.getBuiltinModule;
const { readFileSync } = builtin('node:fs');
const { createRequire } = builtin('node:module');
const { fileURLToPath } = builtin('node:url');
const { setFlagsFromString } = builtin('node:v8');
const { Script } = builtin('node:vm');

const folder = fileURLToPath(new URL('.', import.meta.url));
const require = createRequire(import.meta.url);

// Lambda starts Node with the first three, the sizes by the function's memory, and V8 compares them with the cache's. Taken back, one cache
// serves all sizes. The heap keeps the limits that it was made with.
const cacheFlags = ['--no-expose-gc', '--max-semi-space-size=0', '--max-old-space-size=0', '--semi-space-growth-factor=2'];

/** Puts V8 into the state in which caches are made and taken. */
export const forCaches = () => cacheFlags.forEach((flag) => setFlagsFromString(flag));

// Lambda lets the young generation grow to a twentieth of the function's memory, and it would fill all of it with garbage before collecting:
// 3,000 requests took it to twice the memory. What the application starts with is enough for one request at a time.
// Not while it starts, when collecting more often would cost milliseconds.
let started = false;
const forRequests = () => {
  started = true;
  setFlagsFromString('--semi-space-growth-factor=1');
};

/** The scripts loaded so far, by file: what a cache can be made of. */
export const scripts = new Map();

const modules = new Map();

// Node's own require() knows no code cache.
function load(file) {
  const known = modules.get(file);
  if (known !== undefined) return known.exports;
  const filename = folder + file;
  // Scripts are ASCII; as Latin-1 the text takes neither decoding nor two bytes a character. They are function expressions already
  // (bundle.mjs): to wrap them here would copy a megabyte.
  const source = readFileSync(filename, 'latin1');
  const cachedData = readCache(`${filename}.cache`);
  forCaches();
  const script = new Script(source, { filename, cachedData });
  if (script.cachedDataRejected) {
    process.stdout.write(
      `${JSON.stringify({ level: 'WARN', message: 'cachedDataRejected', file, node: process.versions.node, timestamp: new Date().toISOString() })}\n`,
    );
  }
  scripts.set(file, script);
  const module = { exports: {} };
  modules.set(file, module);
  try {
    script.runInThisContext()(module.exports, requireBeside, module, filename, folder);
    if (started) forRequests();
  } catch (error) {
    // As Node's own: who asks again tries again.
    modules.delete(file);
    throw error;
  }
  return module.exports;
}

function requireBeside(id) {
  return id.startsWith('./') && id.endsWith('.cjs') ? load(id.slice('./'.length)) : require(id);
}

function readCache(path) {
  try {
    return readFileSync(path);
  } catch (error) {
    // A package may be made without.
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

const app = load('app.cjs');

/** The function. */
export const handler = async (event, context) => {
  try {
    return await app.handler(event, context);
  } finally {
    if (!started) forRequests();
  }
};
