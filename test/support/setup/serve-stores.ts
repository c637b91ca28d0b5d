import { startEphemeralStores } from '../../../src/local/stores/local-stores.js';

// Started by shared-stores.mjs: prints the environment that leads to the stores as one line of JSON, and stops them when its input ends.
const stores = await startEphemeralStores();
process.stdout.write(`${JSON.stringify(stores.environment)}\n`);
process.stdin.resume().once('end', () => void stores.stop().then(() => process.exit(0)));
// Ctrl-C reaches the whole process group; jest ends our input when it has ended its suites.
process.on('SIGINT', () => undefined);
