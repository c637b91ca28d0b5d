import { AsyncLocalStorage } from 'node:async_hooks';
import { TestEnvironment } from 'jest-environment-node';

// Before Node 24, what each AsyncLocalStorage in use holds is copied onto every promise that is made. Jest loads the service and its own jest-circus anew for
// each suite, each with one that stays in use: a process of 26 suites spent a seventh of its time on those of suites that were over, and more with each.
// https://nodejs.org/api/async_context.html#asynclocalstoragedisable
const inUse = new Set();
for (const method of ['run', 'enterWith']) {
  const original = AsyncLocalStorage.prototype[method];
  AsyncLocalStorage.prototype[method] = function (...parameters) {
    inUse.add(this);
    return original.apply(this, parameters);
  };
}

/** Jest's environment for Node, which leaves no AsyncLocalStorage of a suite in use. */
export default class extends TestEnvironment {
  async teardown() {
    await super.teardown();
    inUse.forEach((storage) => storage.disable());
    inUse.clear();
  }
}
