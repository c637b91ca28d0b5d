import { existsSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';

// A folder's own time changes when a file in it is deleted. Folders called dist hold what builds made, so they are left out.
function newest(path) {
  const stat = statSync(path);
  const names = stat.isDirectory() ? readdirSync(path).filter((name) => name !== 'dist') : [];
  return Math.max(stat.mtimeMs, ...names.map((name) => newest(`${path}/${name}`)));
}

/** Whether a source has changed since the last build that went well began: the time of `stamp`. */
export function isStale(stamp, inputs) {
  return !existsSync(stamp) || inputs.some((input) => newest(input) > statSync(stamp).mtimeMs);
}

/** Runs a build that is announced as `what`, on the stream `out`, and stamps it; it ends the process itself when it fails. */
export async function buildAfresh(what, stamp, out, build) {
  out.write(`Building${what}${existsSync(stamp) ? ', because a source has changed since the last build' : ''}…\n`);
  const startedAt = new Date();
  await build();
  writeFileSync(stamp, '');
  utimesSync(stamp, startedAt, startedAt);
  out.write(`Built${what} in ${((Date.now() - startedAt.getTime()) / 1000).toFixed(1)} s\n`);
}
