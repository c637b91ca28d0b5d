/**
 * `npm run bench`: what design section 8 promises, measured side by side with the peers. Options: `--quick` for a first look, `--only
 * cold,warm` for some parts (their names are below), `--rounds <n>` of cold starts, `--package <folder>` for packages made before instead of fresh
 * ones, `--before <folder>` with the `dist` of another build, such as an older one, for `writers` to stand beside; `--megabytes <n>`, how
 * much `erasure` erases at DynamoDB's pace. The tables go to standard output, the figures to .bench/results.json.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { lambdaNodeVersion } from '../../infra/package/runtime.mjs';
import { Guardian } from '../../src/local/processes/guardian.js';
import { measureAccounts } from './accounts.js';
import { measureApp } from './app.js';
import { bundlePeer, installStockNest, packageService, unpackService } from './artefacts.js';
import type { BenchOptions, Contestants } from './bench-options.js';
import { measureCapacity } from './stores/capacity.js';
import { measureColdStarts } from './cold.js';
import { measureCounter } from './stores/counter.js';
import { measureDashboard } from './stores/dashboard.js';
import { measureErasure } from './stores/erasure.js';
import { measureMemory } from './memory.js';
import { measurePackages } from './package-size.js';
import { renderSection, renderVerdicts, type Section } from './report.js';
import { type Stage, setStage } from './stage.js';
import { measureWarmCalls } from './warm.js';
import { measureWriters } from './stores/writers.js';

interface Subject {
  readonly stage: Stage;
  readonly contestants: Contestants;
  readonly zips: string;
  readonly stream: string;
  readonly before: string | undefined;
  readonly options: BenchOptions & { readonly rounds?: number; readonly megabytes?: number };
}

interface Part {
  /** Its share of ten minutes, in seconds: what it would take on a busy machine. */
  readonly seconds: number;
  readonly measure: (subject: Subject) => Promise<Section>;
}

const parts: Readonly<Record<string, Part>> = {
  size: { seconds: 5, measure: async ({ zips }) => measurePackages(zips) },
  cold: { seconds: 150, measure: async ({ stage, contestants, options }) => measureColdStarts(stage, contestants, options) },
  warm: { seconds: 60, measure: async ({ stage, contestants, options }) => measureWarmCalls(stage, contestants, options) },
  memory: { seconds: 120, measure: async ({ stage, contestants, options }) => measureMemory(stage, contestants, options) },
  dashboard: { seconds: 100, measure: async ({ stage, contestants, options }) => measureDashboard(stage, contestants, options) },
  erasure: { seconds: 60, measure: async ({ stage, options }) => measureErasure(stage, options, options.megabytes) },
  writers: { seconds: 60, measure: async ({ stage, options, before }) => measureWriters(stage, options, before) },
  counter: { seconds: 45, measure: async ({ stage, options }) => measureCounter(stage, options) },
  accounts: { seconds: 100, measure: async ({ stage, contestants, options }) => measureAccounts(stage, contestants, options) },
  app: { seconds: 150, measure: async ({ options }) => measureApp(options) },
  capacity: { seconds: 10, measure: async ({ stage, contestants, stream }) => measureCapacity(stage, { http: contestants.duet, stream }) },
};

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    rounds: { type: 'string' },
    package: { type: 'string' },
    before: { type: 'string' },
    megabytes: { type: 'string' },
  },
});
const wanted = values.only?.split(',') ?? Object.keys(parts);
const unknown = wanted.filter((name) => !(name in parts));
if (unknown.length > 0) {
  process.stderr.write(`There is no ${unknown.join(', ')}: --only takes ${Object.keys(parts).join(', ')}\n`);
  process.exit(1);
}
if (values.megabytes !== undefined && !(Number(values.megabytes) > 0)) {
  process.stderr.write(`--megabytes must be a number above 0, not ${values.megabytes}\n`);
  process.exit(1);
}

const startedAt = performance.now();
const onProgress = (line: string) => process.stderr.write(`${((performance.now() - startedAt) / 1000).toFixed(0).padStart(4)} s  ${line}\n`);
const folder = await mkdtemp(join(tmpdir(), 'duet-bench-'));
// Should the bench be killed, nothing stays: environments end with their Runtime API, and the folder with its guardian.
const guardian = new Guardian();
guardian.removeFolder(folder);
try {
  onProgress(values.package === undefined ? 'packaging' : `taking the packages in ${values.package}`);
  const { zips, http, migrate, stream } = values.package === undefined ? await packageService(folder) : await unpackService(values.package, folder);
  const contestants = {
    duet: http,
    handwritten: await bundlePeer('handwritten', join(folder, 'handwritten')),
    express: await bundlePeer('express', join(folder, 'express')),
    'stock-nest': await installStockNest(onProgress),
  };
  const stage = await setStage({ http, migrate }, onProgress);
  try {
    const machine = {
      date: new Date().toISOString(),
      node: lambdaNodeVersion,
      client: stage.client.description,
      cpu: `${cpus().length} x ${cpus()[0]?.model.trim()}`,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      system: `${process.platform} ${process.arch}`,
    };
    console.log(
      `Duet bench${values.quick ? ' (--quick)' : ''}, ${machine.date.slice(0, 16)}Z: Node ${machine.node}, ${machine.client}; ${machine.cpu}, ${machine.memoryGiB} GiB, ${machine.system}`,
    );
    const sections: Section[] = [];
    const options = {
      quick: values.quick,
      onProgress,
      ...(values.rounds !== undefined && { rounds: Number(values.rounds) }),
      ...(values.megabytes !== undefined && { megabytes: Number(values.megabytes) }),
    };
    for (const [name, { seconds, measure }] of Object.entries(parts).filter(([name]) => wanted.includes(name))) {
      onProgress(name);
      const until = performance.now() + seconds * 1000;
      try {
        const section = await measure({
          stage,
          contestants,
          zips,
          stream,
          before: values.before,
          options: { ...options, hasTime: () => performance.now() < until },
        });
        sections.push(section);
        console.log(renderSection(section));
      } catch (error) {
        // What the other parts found out is worth as much without this one.
        process.stderr.write(`${name} failed: ${(error as Error).stack}\n`);
        process.exitCode = 1;
      }
    }
    console.log(renderVerdicts(sections));
    const results = fileURLToPath(new URL('../../.bench/', import.meta.url));
    await mkdir(results, { recursive: true });
    await writeFile(join(results, 'results.json'), `${JSON.stringify({ machine, quick: values.quick, sections }, undefined, 2)}\n`);
    onProgress('done; the figures are in .bench/results.json');
  } finally {
    await stage.stop();
  }
} finally {
  await rm(folder, { recursive: true, force: true });
  await guardian.release();
}
