import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from '@jest/globals';

// Real: the lock files. Not real: terraform init on the other platforms, which needs the registry.

const roots = ['environment', 'bootstrap'];
const hashesOf = (root: string): string[] =>
  [...readFileSync(resolve('infra', root, '.terraform.lock.hcl'), 'utf8').matchAll(/"((?:h1|zh):[^"]+)"/g)].map(([, hash]) => hash ?? '');

describe('the provider locks', () => {
  test.each(roots)('%s has the checksum of every platform, as the release published them', (root) => {
    // A release of the AWS provider has 15 files, its manifest included.
    expect(hashesOf(root).filter((hash) => /^zh:[0-9a-f]{64}$/.test(hash))).toHaveLength(15);
    expect(hashesOf(root).filter((hash) => hash.startsWith('h1:'))).not.toHaveLength(0);
  });

  test('every root has the same provider', () => {
    expect(new Set(roots.map((root) => hashesOf(root).toSorted().join()))).toHaveProperty('size', 1);
  });
});
