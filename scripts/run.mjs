// node scripts/run.mjs <entry> [arguments]: runs dist/<entry>.js, built before if a source has changed since.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeProblem, platformProblem } from '../src/local/server/supported-node.js';
import { buildAfresh, isStale } from './freshness.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const stamp = join(root, 'dist', '.built');
/** What the output depends on. */
const inputs = ['src', 'tsconfig.json', 'tsconfig.build.json', 'tsconfig.nest.json', 'nest-cli.json', 'package.json', 'package-lock.json'].map((input) =>
  join(root, input),
);

const [entry = 'main', ...rest] = process.argv.slice(2);
/** Entries that listen on the port. */
const servers = ['main', 'local/commands/dev'];
const out = servers.includes(entry) ? process.stdout : process.stderr;

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

/** The checks of the start itself, from the source: a mistake is reported before anything is built. */
async function findStartProblem() {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [join(root, 'src/local/server/preflight.ts')],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
  });
  const preflight = await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
  return preflight.findStartProblem();
}

async function compile() {
  const compiler = spawn(process.execPath, [join(root, 'node_modules/@nestjs/cli/bin/nest.js'), 'build'], { cwd: root, stdio: ['ignore', out, 'inherit'] });
  const stop = (signal) => {
    compiler.kill(signal);
    process.exit(1);
  };
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const [code] = await once(compiler, 'exit');
  process.off('SIGINT', stop).off('SIGTERM', stop);
  if (code !== 0) {
    fail('The build failed: see above');
  }
}

const wrongMachine = nodeProblem(process.versions.node) ?? platformProblem(process.platform);
if (wrongMachine !== undefined) {
  fail(wrongMachine);
}
if (!existsSync(join(root, 'node_modules'))) {
  fail('The packages are not installed: run "npm ci" first');
}
if (!existsSync(join(root, 'dist', `${entry}.js`)) || isStale(stamp, inputs)) {
  const problem = servers.includes(entry) ? await findStartProblem() : undefined;
  if (problem !== undefined) {
    fail(problem);
  }
  await buildAfresh('', stamp, out, compile);
}
process.setSourceMapsEnabled(true);
// As if Node had been given that file.
process.argv.splice(1, process.argv.length - 1, join(root, 'dist', `${entry}.js`), ...rest);
await import(`../dist/${entry}.js`);
