import { zipSync } from 'fflate';

// The least a zip can say, by its local fields: every time zone writes the same bytes.
const noTime = new Date(1980, 0, 1);
const unix = 3;
/** A regular file that everyone may read: Lambda runs code as another user. */
const mode = 0o100644;

/**
 * A zip of these files (name to bytes) whose bytes depend on nothing else. fflate and not zlib: Node's zlib compresses differently by
 * version and processor, and a changed zip is a deployment.
 */
export function zipOf(files) {
  const entries = Object.entries(files).sort(([a], [b]) => (a < b ? -1 : 1));
  return zipSync(Object.fromEntries(entries.map(([name, bytes]) => [name, [bytes, { level: 9, mtime: noTime, os: unix, attrs: mode * 0x1_0000 }]])));
}
