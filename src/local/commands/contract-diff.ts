import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type Contract, type ContractChange, contractChanges, toldChanges } from './contract-changes.js';
import { reasonOf } from '../stores/local-store-error.js';

// npm run contract:diff -- [ref]: exit 1 when something would break a client, 2 when the documents cannot be compared.

function committed(ref: string): Contract {
  const text = execFileSync('git', ['show', `${ref}:openapi.json`], { encoding: 'utf8', maxBuffer: 50_000_000, stdio: ['ignore', 'pipe', 'pipe'] });
  return JSON.parse(text) as Contract;
}

function told(heading: string, changes: readonly ContractChange[]): string[] {
  return changes.length === 0 ? [] : [heading, ...toldChanges(changes).map((line) => `  ${line}`), ''];
}

function main(ref: string): void {
  let changes: ContractChange[];
  try {
    changes = contractChanges(committed(ref), JSON.parse(readFileSync('openapi.json', 'utf8')) as Contract);
  } catch (error) {
    process.stderr.write(
      `openapi.json cannot be compared with that of ${ref}: ${reasonOf(error)}\nName a commit that has it: npm run contract:diff -- <ref>\n`,
    );
    process.exitCode = 2;
    return;
  }
  const breaking = changes.filter((change) => change.breaking);
  const other = changes.filter((change) => !change.breaking);
  const summary = changes.length === 0 ? `openapi.json promises what it did at ${ref}.` : `Since ${ref}: ${breaking.length} breaking, ${other.length} not.`;
  process.stdout.write([...told('Breaking:', breaking), ...told('Not breaking:', other), summary, ''].join('\n'));
  process.exitCode = breaking.length === 0 ? 0 : 1;
}

main(process.argv[2] ?? 'HEAD');
