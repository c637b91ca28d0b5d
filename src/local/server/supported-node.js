// Plain JavaScript without imports: it has to run on the versions that it refuses, before anything is built.

/** What Duet needs, as `engines.node` in package.json says it (a unit test holds them equal). */
export const leastNode = '20.19.0';

/**
 * What to say about a version of Node that can run Duet, and that has had its day (https://nodejs.org/en/about/previous-releases).
 *
 * @param {string} running the running version, such as `process.versions.node`
 * @returns {string | undefined} one line, or undefined when there is nothing to say
 */
export function nodeAdvice(running) {
  return Number(running.split('.')[0]) < 22 ? `Node 22 or 24 is recommended: this is ${running}, which gets no security fixes any more` : undefined;
}

/**
 * What to do about an operating system that Duet does not run on.
 *
 * @param {string} platform such as `process.platform`
 * @returns {string | undefined} one line, or undefined when it will do
 */
export function platformProblem(platform) {
  return platform === 'win32' ? 'On Windows, Duet runs in WSL (https://learn.microsoft.com/windows/wsl/install): clone, install and start it there' : undefined;
}

/**
 * What to do about a version of Node that cannot run Duet.
 *
 * @param {string} running the running version, such as `process.versions.node`
 * @returns {string | undefined} one line, or undefined when the version will do
 */
export function nodeProblem(running) {
  const [major = 0, minor = 0] = running.split('.').map(Number);
  const [leastMajor = 0, leastMinor = 0] = leastNode.split('.').map(Number);
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) {
    return undefined;
  }
  return `Duet needs Node ${leastNode} or newer (22 or 24 recommended), and this is ${running}: install one from https://nodejs.org, or run "nvm install"`;
}
