import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../../', import.meta.url));
export const contract = join(root, 'openapi.json');
const packages = fileURLToPath(new URL('./node_modules/', import.meta.url));

/** The file that a package's command runs. */
export function command(packageName, name) {
  const { bin } = JSON.parse(readFileSync(join(packages, packageName, 'package.json'), 'utf8'));
  return join(packages, packageName, typeof bin === 'string' ? bin : bin[name]);
}

export function versionOf(packageName) {
  return JSON.parse(readFileSync(join(packages, packageName, 'package.json'), 'utf8')).version;
}

/** Runs a tool to its end; gives its output, and whether it went well. */
export function run(file, args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...args], { encoding: 'utf8', maxBuffer: 100_000_000 });
  return { ok: status === 0, text: `${stdout}${stderr}`.trim() };
}

/** The last lines of an output, for a report. */
export const tail = (text, lines = 10) => text.split('\n').slice(-lines);
