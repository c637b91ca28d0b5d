// `node --import ./test/support/typescript/run-typescript.mjs some.ts`: runs TypeScript as the tests do, compiled by swc in memory, so that a script
// may use what the tests use and finds its neighbours where they are.
import { register } from 'node:module';

register('./typescript-hooks.mjs', import.meta.url);
