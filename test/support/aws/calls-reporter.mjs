import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

const callsFile = resolve('infra/calls.json');
/** How often each was called by the last whole run, for the table of `npm run check:infra -- --calls`. */
const countsFile = resolve('node_modules/.cache/duet/calls.json');
const recordingProjects = ['http', 'lambda', 'faults'];

/**
 * Jest's reporter that gathers what the call recorders of one run saw (call-recorder.ts).
 *
 * A call that is not in infra/calls.json fails the test that made it, in every run. One in the file that no test makes any more can only be
 * known from a whole run: it fails a run of the projects http, lambda and faults, without a pattern, in which all else passed. With
 * DUET_UPDATE_CALLS set, such a run writes the file anew (`npm run calls`).
 */
export default class CallsReporter {
  constructor(globalConfig) {
    this.globalConfig = globalConfig;
  }

  onRunStart() {
    // The workers, which are started after this, inherit it.
    this.folder = process.env.DUET_CALLS_FOLDER = mkdtempSync(join(tmpdir(), 'duet-calls-'));
  }

  onRunComplete(contexts, results) {
    const counts = this.gather();
    if (!this.isWhole(contexts, results)) {
      return;
    }
    delete counts.any;
    mkdirSync(dirname(countsFile), { recursive: true });
    writeFileSync(countsFile, JSON.stringify(counts));
    const seen = listed(counts);
    if (process.env.DUET_UPDATE_CALLS !== undefined) {
      writeFileSync(callsFile, `${JSON.stringify(seen, null, 2)}\n`);
      return;
    }
    const unused = lines(JSON.parse(readFileSync(callsFile, 'utf8'))).filter((line) => !lines(seen).includes(line));
    if (unused.length > 0) {
      this.error = new Error(`In infra/calls.json, and no test made it: ${unused.join(', ')}. If it is gone: npm run calls`);
    }
  }

  getLastError() {
    if (this.error !== undefined) {
      console.error(`\n${this.error.message}`);
    }
    return this.error;
  }

  gather() {
    const counts = {};
    for (const file of readdirSync(this.folder)) {
      for (const [name, actions] of Object.entries(JSON.parse(readFileSync(join(this.folder, file), 'utf8')))) {
        for (const [action, resources] of Object.entries(actions)) {
          for (const [resource, count] of Object.entries(resources)) {
            const sums = ((counts[name] ??= {})[action] ??= {});
            sums[resource] = (sums[resource] ?? 0) + count;
          }
        }
      }
    }
    rmSync(this.folder, { recursive: true, force: true });
    return counts;
  }

  isWhole(contexts, { numFailedTests, numRuntimeErrorTestSuites, wasInterrupted }) {
    const { testPathPatterns, testNamePattern, onlyChanged, onlyFailures, shard, findRelatedTests } = this.globalConfig;
    const projects = new Set([...contexts].map(({ config }) => config.displayName?.name));
    const narrowed = testPathPatterns.patterns.length > 0 || Boolean(testNamePattern) || onlyChanged || onlyFailures || findRelatedTests || Boolean(shard);
    return recordingProjects.every((name) => projects.has(name)) && !narrowed && numFailedTests + numRuntimeErrorTestSuites === 0 && !wasInterrupted;
  }
}

/** `{http: {'dynamodb:GetItem': ['todos']}}`, all in order. */
function listed(counts) {
  const sorted = (object, valueOf) =>
    Object.fromEntries(
      Object.keys(object)
        .sort()
        .map((key) => [key, valueOf(object[key])]),
    );
  return sorted(counts, (actions) => sorted(actions, (resources) => Object.keys(resources).sort()));
}

function lines(calls) {
  return Object.entries(calls).flatMap(([name, actions]) =>
    Object.entries(actions).flatMap(([action, resources]) => resources.map((resource) => `${name} calls ${action} on ${resource}`)),
  );
}
