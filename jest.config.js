import { availableParallelism } from 'node:os';
import { swcOptions } from './test/support/typescript/swc-options.mjs';

/** @type {import('jest').Config} */
const shared = {
  testEnvironment: '<rootDir>/test/support/setup/test-environment.mjs',
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['@swc/jest', swcOptions] },
  injectGlobals: false,
};

const withStores = { globalSetup: '<rootDir>/test/support/setup/shared-stores.mjs', globalTeardown: '<rootDir>/test/support/setup/stop-shared-stores.mjs' };

export default {
  reporters: ['default', '<rootDir>/test/support/aws/calls-reporter.mjs'],
  coverageProvider: 'v8',
  testTimeout: 60_000,
  // Suites wait as much as they compute, and have nothing in common but the shared stores.
  maxWorkers: Math.ceil(availableParallelism() * 1.5),
  projects: [
    { ...shared, displayName: 'unit', testMatch: ['<rootDir>/{src,web}/**/*.spec.ts'] },
    { ...shared, ...withStores, displayName: 'http', testMatch: ['<rootDir>/test/http/**/*.spec.ts'] },
    // The client, its command line and its documentation, against the service.
    { ...shared, ...withStores, displayName: 'client', testMatch: ['<rootDir>/test/client/**/*.spec.ts'] },
    { ...shared, ...withStores, displayName: 'contract', testMatch: ['<rootDir>/test/contract/**/*.spec.ts'] },
    // The zips as they are deployed, each function in a process of its own.
    {
      ...shared,
      displayName: 'lambda',
      testMatch: ['<rootDir>/test/lambda/**/*.spec.ts'],
      globalSetup: '<rootDir>/test/support/setup/package-functions.ts',
      globalTeardown: '<rootDir>/test/support/setup/remove-packaged-functions.ts',
    },
    // The service as it is built, in a process of its own.
    {
      ...shared,
      displayName: 'faults',
      testMatch: ['<rootDir>/test/faults/**/*.spec.ts'],
      globalSetup: '<rootDir>/test/support/setup/build-service.ts',
      globalTeardown: '<rootDir>/test/support/setup/remove-built-service.ts',
    },
    // What concurrent clients were answered, and whether any order of their requests explains it.
    {
      ...shared,
      displayName: 'histories',
      testMatch: ['<rootDir>/test/histories/**/*.spec.ts'],
      globalSetup: '<rootDir>/test/support/setup/build-service.ts',
      globalTeardown: '<rootDir>/test/support/setup/remove-built-service.ts',
    },
    // How commands are built and started, and how the service starts and stops.
    {
      ...shared,
      displayName: 'start',
      testMatch: ['<rootDir>/test/start/**/*.spec.ts'],
      globalSetup: '<rootDir>/test/support/setup/build-service.ts',
      globalTeardown: '<rootDir>/test/support/setup/remove-built-service.ts',
    },
    // The app, in Chromium, against the service as it is built: one of each for all specs.
    {
      ...shared,
      displayName: 'web',
      testMatch: ['<rootDir>/test/web/**/*.spec.ts'],
      globalSetup: '<rootDir>/test/support/setup/start-app.mjs',
      globalTeardown: '<rootDir>/test/support/setup/stop-app.mjs',
    },
    // The load script as npm run test:load starts it, briefly; and what checks its runs.
    {
      ...shared,
      displayName: 'load',
      testMatch: ['<rootDir>/test/load/**/*.spec.ts'],
      globalSetup: '<rootDir>/test/support/setup/build-service.ts',
      globalTeardown: '<rootDir>/test/support/setup/remove-built-service.ts',
    },
    // Runs the last release's functions, which npm run check:last-release packages first.
    ...(process.env.DUET_LAST_RELEASE === undefined
      ? []
      : [{ ...shared, ...withStores, displayName: 'last-release', testMatch: ['<rootDir>/test/last-release/**/*.spec.ts'] }]),
    // Reads Terraform plans, which npm run check:infra makes first.
    ...(process.env.DUET_INFRA_PLANS === undefined
      ? []
      : [
          {
            ...shared,
            displayName: 'infra',
            testMatch: ['<rootDir>/test/infra/**/*.spec.ts'],
            globalSetup: '<rootDir>/test/support/setup/build-service.ts',
            globalTeardown: '<rootDir>/test/support/setup/remove-built-service.ts',
          },
        ]),
  ],
};
