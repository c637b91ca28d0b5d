import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { aws } from './aws.mjs';
import { DeployError } from './errors.mjs';

/** Files whose names hold a hash of what is in them: another content has another name. */
const hashed = 'assets';
const aYear = 'public, max-age=31536000, immutable';
const askFirst = 'no-cache';

/**
 * Puts the app into its bucket: first what has a hash in its name, kept by browsers for a year, then the pages that name it, asked for at each visit, and
 * config.json, which says where the API is. What an earlier release has put there stays, for pages that are still open.
 *
 * @throws DeployError when the app is not built.
 */
export async function publishWeb({ folder, bucket, distribution, url, apiUrl, region, print }) {
  const files = await filesOf(folder);
  if (!files.includes('index.html')) {
    throw new DeployError(`${join(folder, 'index.html')} is not there: npm run build makes the app`);
  }
  const target = `s3://${bucket}`;
  const copy = async (from, to, cacheControl, ...options) =>
    aws(['s3', 'cp', from, to, '--only-show-errors', '--cache-control', cacheControl, ...options], region);
  const config = await mkdtemp(join(tmpdir(), 'duet-web-'));
  try {
    await copy(join(folder, hashed), `${target}/${hashed}`, aYear, '--recursive');
    await writeFile(join(config, 'config.json'), JSON.stringify({ apiUrl }));
    await copy(join(config, 'config.json'), `${target}/config.json`, askFirst);
    await copy(folder, target, askFirst, '--recursive', '--exclude', `${hashed}/*`, '--exclude', 'config.json', '--exclude', '.*');
  } finally {
    await rm(config, { recursive: true, force: true });
  }
  const changed = ['/', ...files.filter((file) => !file.startsWith(`${hashed}/`)).map((file) => `/${file}`)];
  await aws(['cloudfront', 'create-invalidation', '--distribution-id', distribution, '--paths', ...changed], region);
  print(`${files.length} files at ${url}`);
}

/** Every file below a folder that is to be published, by its path in it. */
async function filesOf(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll('\\', '/'));
}
