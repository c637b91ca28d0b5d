// Clients by generators: each compiles strictly, and a todo of only a title may be created by it, while one without a title may not.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { command, contract, run, tail, versionOf } from './tools.mjs';

const generators = [
  {
    name: '@hey-api/openapi-ts',
    file: () => command('@hey-api/openapi-ts', 'openapi-ts'),
    args: (out) => ['-i', contract, '-o', join(out, 'hey-api')],
    use: (todo) => `import { createTodo } from './hey-api/index.js';
      export const answer = await createTodo({ path: { id: 'me' }, body: ${todo} });
      export const title: string | undefined = answer.data?.title;`,
  },
  {
    name: 'oazapfts',
    file: () => command('oazapfts', 'oazapfts'),
    args: (out) => [contract, join(out, 'oazapfts.ts')],
    use: (todo) => `import { createTodo } from './oazapfts.js';
      const answer = await createTodo('me', ${todo}, { idempotencyKey: 'once' });
      export const title: string | undefined = answer.status === 201 ? answer.data.title : undefined;`,
  },
  {
    name: 'swagger-typescript-api',
    file: () => command('swagger-typescript-api', 'swagger-typescript-api'),
    args: (out) => ['generate', '--path', contract, '--output', out, '--name', 'swagger-typescript-api.ts'],
    // It turns type checking off in what it makes; here it has to pass.
    settle: (out) => {
      const file = join(out, 'swagger-typescript-api.ts');
      writeFileSync(file, readFileSync(file, 'utf8').replace('// @ts-nocheck', ''));
    },
    use: (todo) => `import { Api } from './swagger-typescript-api.js';
      const answer = await new Api().users.createTodo('me', ${todo});
      export const title: string = answer.data.title;`,
  },
];

/** What each generator makes of the contract, and what TypeScript says to it. */
export function compileClients(out) {
  return generators.map(({ name, file, args, settle = () => undefined, use }) => {
    const tool = `${name} ${versionOf(name)}`;
    const made = run(file(), args(out));
    if (!made.ok) {
      return { tool, problems: tail(made.text), says: 'could not make a client' };
    }
    settle(out);
    const stem = name.replaceAll(/\W/g, '-');
    const problems = compile(join(out, `${stem}-use.ts`), use(`{ title: 'Water the plants' }`));
    const wrong = compile(join(out, `${stem}-misuse.ts`), use(`{ description: 'No title' }`));
    return {
      tool,
      problems: [...problems.slice(0, 10), ...(problems.length === 0 && wrong.length === 0 ? ['a todo without a title compiles'] : [])],
      says: problems.length === 0 ? 'its client compiles strictly, for a todo of only a title' : 'its client does not compile',
    };
  });
}

function compile(file, source) {
  writeFileSync(file, source);
  const program = ts.createProgram([file], {
    strict: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    lib: ['lib.es2023.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts'],
    types: [],
    skipLibCheck: true,
  });
  return ts.getPreEmitDiagnostics(program).map(({ file: at, start = 0, messageText }) => {
    const line = at === undefined ? '' : `${at.fileName.split('/').at(-1)}:${at.getLineAndCharacterOfPosition(start).line + 1} `;
    return line + ts.flattenDiagnosticMessageText(messageText, ' ').slice(0, 300);
  });
}
