import { fileURLToPath } from 'node:url';
import { lambdaNodeVersion, nodeBinary } from '../../../infra/package/runtime.mjs';
import { type RuntimeClient, runtimeClient } from './runtime-client.js';

/** A Node and a runtime client to run functions with. */
export interface LambdaRuntime {
  /** For the names of tests. */
  readonly name: string;
  /** Of Node. */
  readonly version: string;
  readonly node: string;
  readonly client: RuntimeClient;
}

/** The functions' Node, and the next one that Lambda has. */
const versions = [lambdaNodeVersion, '24.21.0'];

/**
 * Lambda's Node versions with its runtime client. Where npm cannot be reached: this process's Node with a stand-in for the client, and a line on
 * standard error that says so.
 */
export async function lambdaRuntimes(): Promise<LambdaRuntime[]> {
  try {
    const client = await runtimeClient();
    return await Promise.all(
      versions.map(async (version) => ({ version, name: `Node ${version}, ${client.description}`, node: await nodeBinary(version), client })),
    );
  } catch (error) {
    process.stderr.write(`Functions run on Node ${process.versions.node} and without Lambda's runtime client: ${(error as Error).message.split('\n')[0]}\n`);
    const program = fileURLToPath(new URL('client-stand-in.mjs', import.meta.url));
    const client = { description: 'stand-in for the runtime client', nodeArguments: [program] };
    return [{ version: process.versions.node, name: `Node ${process.versions.node}, ${client.description}`, node: process.execPath, client }];
  }
}
