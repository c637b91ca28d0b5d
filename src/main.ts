import { nodeProblem, platformProblem } from './local/server/supported-node.js';

// The local server. Nothing is imported before this check: what an old Node cannot even parse would end in a SyntaxError.
const problem = nodeProblem(process.versions.node) ?? platformProblem(process.platform);
if (problem === undefined) {
  const { runServer } = await import('./local/server/run-server.js');
  process.exit(await runServer());
}
process.stderr.write(`${problem}\n`);
process.exit(1);
