// npm run check:last-release: the functions of the last release, packaged from its source, over the tables of today. It needs the repository's
// history and npm's registry, so it is a step of .ci/run and none of npm test. Its arguments are jest's.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { run, StepFailed, stepsOf } from '../../infra/check/tools.mjs';

const { version, commit } = JSON.parse(await readFile(new URL('last-release.json', import.meta.url), 'utf8'));

const step = stepsOf('check:last-release');

/** What git says, or null where it fails. */
async function git(...args) {
  return promisify(execFile)('git', args).then(
    ({ stdout }) => stdout.trim(),
    () => null,
  );
}

/** Why the last release cannot be taken from here; undefined when it can. @throws StepFailed where it is here, and not a part of this history. */
async function whyNot() {
  if ((await git('rev-parse', '--show-cdup')) !== '') return 'git finds no repository in this folder';
  if ((await git('cat-file', '-e', `${commit}^{commit}`)) === null) return `this clone does not reach back to ${version}`;
  if ((await git('merge-base', '--is-ancestor', commit, 'HEAD')) !== null) return undefined;
  throw new StepFailed(`${commit}, which last-release.json names as ${version}, is no ancestor of HEAD`);
}

async function check() {
  const reason = await whyNot();
  if (reason !== undefined) {
    process.stdout.write(`check:last-release left out: ${reason}\n`);
    return;
  }
  const work = await mkdtemp(join(tmpdir(), 'duet-last-release-'));
  const stop = () => void rm(work, { recursive: true, force: true }).finally(() => process.exit(130));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    const source = join(work, 'source');
    const inSource = { cwd: source, env: { ...process.env, LAMBDA_ARCH: 'x64', NODE_OPTIONS: '', SKIP_INSTALL_SIMPLE_GIT_HOOKS: '1' } };
    await step(`source of ${version}`, async () => {
      await mkdir(source);
      await run('git', ['archive', '--output', join(work, 'source.tar'), commit], { cwd: resolve('.') });
      await run('tar', ['-xf', join(work, 'source.tar'), '-C', source], { cwd: work });
    });
    await step('npm ci', async () => run('npm', ['ci', '--no-audit', '--no-fund'], inSource));
    // The code cache changes how fast they start, and nothing else.
    await step('npm run package', async () => run('npm', ['run', '--silent', 'package', '--', '--no-code-cache'], inSource));
    await step('tests', async () =>
      run(
        process.execPath,
        ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js', '--selectProjects', 'last-release', ...process.argv.slice(2)],
        {
          cwd: resolve('.'),
          env: { ...process.env, DUET_LAST_RELEASE: join(source, 'dist/lambda') },
          show: true,
        },
      ),
    );
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

try {
  await check();
} catch (error) {
  if (!(error instanceof StepFailed)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
