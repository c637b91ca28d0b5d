import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { promisify } from 'node:util';
import { PackageError, readJson, root } from './project.mjs';

/** The processors Lambda has, in Node's words. */
export const architectures = ['x64', 'arm64'];

const cache = join(root, 'node_modules/.cache/duet-package');

/**
 * argon2's native code for Lambda (Linux, glibc) on `arch`: the installed one, or else, because npm installs only this machine's, the one
 * of the registry at the same version, held to the lock file's checksum.
 *
 * @returns {Promise<{ file: string, bytes: Buffer }>}
 */
export async function nativeArgon2(arch) {
  const name = `@node-rs/argon2-linux-${arch}-gnu`;
  const file = `argon2.linux-${arch}-gnu.node`;
  const locked = (await readJson('package-lock.json')).packages[`node_modules/${name}`];
  if (locked === undefined) {
    throw new PackageError(`package-lock.json does not name ${name}: run npm install`);
  }
  const installed = await readJson(`node_modules/${name}/package.json`).catch(() => undefined);
  if (installed?.version === locked.version) {
    return { file, bytes: await readFile(join(root, 'node_modules', name, file)) };
  }
  return { file, bytes: fileInTarball(await tarball(name, locked), `package/${file}`) };
}

async function tarball(name, { version, integrity }) {
  const kept = join(cache, `${name.replace('/', '-').slice(1)}-${version}.tgz`);
  const known = await readFile(kept).catch(() => undefined);
  if (known !== undefined && integrityOf(known, integrity) === integrity) {
    return known;
  }
  await mkdir(cache, { recursive: true });
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  const { stdout } = await promisify(execFile)(npm, ['pack', `${name}@${version}`, '--json', '--pack-destination', cache], { cwd: root }).catch((error) => {
    throw new PackageError(`npm could not fetch ${name}@${version}, which LAMBDA_ARCH asks for:\n${error.stderr}`, { cause: error });
  });
  const bytes = await readFile(join(cache, JSON.parse(stdout)[0].filename));
  if (integrityOf(bytes, integrity) !== integrity) {
    throw new PackageError(`${name}@${version} is not what package-lock.json says: its checksum is ${integrityOf(bytes, integrity)}`);
  }
  await writeFile(`${kept}.${process.pid}`, bytes);
  await rename(`${kept}.${process.pid}`, kept);
  return bytes;
}

function integrityOf(bytes, like) {
  const algorithm = like.split('-')[0];
  return `${algorithm}-${createHash(algorithm).update(bytes).digest('base64')}`;
}

// ustar, https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html: 512-byte headers, name at 0, octal size at 124.
function fileInTarball(gzipped, wanted) {
  const tar = gunzipSync(gzipped);
  for (let at = 0; at + 512 <= tar.length;) {
    const name = tar.toString('utf8', at, at + 100).split('\0', 1)[0];
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 136), 8) || 0;
    if (name === wanted) {
      return tar.subarray(at + 512, at + 512 + size);
    }
    at += 512 + Math.ceil(size / 512) * 512;
  }
  throw new PackageError(`The package from npm holds no ${wanted}`);
}
