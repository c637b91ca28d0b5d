/** How the tests' TypeScript is compiled, by jest and by run-typescript.mjs: decorators as tsc emits them, and ES modules. */
export const swcOptions = {
  jsc: {
    parser: { syntax: 'typescript', decorators: true },
    target: 'es2022',
    transform: { legacyDecorator: true, decoratorMetadata: true },
    keepClassNames: true,
  },
  module: { type: 'es6' },
};
