import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startService, type TestService } from '../support/service.js';
import { ContractCheck, Counts } from './check.js';
import { readContract } from './document.js';
import { Stories } from './stories.js';
import { Validation } from './validation.js';
import { jsonOf, send } from './wire.js';
import { World } from './world.js';

// Real: the whole service over real stores, its users and tokens. That mistakes are caught is shown by planted-mistakes.spec.ts.
// `npm run test:contract` sets these; see run.mjs.
const seed = Number(process.env['DUET_CONTRACT_SEED'] ?? 20_261_121);
const runs = Number(process.env['DUET_CONTRACT_RUNS'] ?? 2_000);
const only = process.env['DUET_CONTRACT_ONLY'];

const contract = await readContract();
const named = (name: string) => only === undefined || name === only;
const operations = contract.operations.filter(({ id }) => named(id));
const counts = new Counts();

/** Without them the generated failures would soon be turned away; one limit is a story of its own. */
const failuresOfOneAccount = 10;
const limits = {
  LOGIN_LIMIT_ACCOUNT_ADDRESS: String(failuresOfOneAccount),
  LOGIN_LIMIT_ACCOUNT: '1000000',
  LOGIN_LIMIT_ADDRESS: '1000000',
  LOGIN_SUCCESS_LIMIT_ACCOUNT: '1000000',
  REGISTRATION_LIMIT_ADDRESS: '1000000',
  EMAIL_CHANGE_LIMIT_ACCOUNT: '1000000',
};

let service: TestService;
let world: World;

beforeAll(async () => {
  service = await startService(limits);
  world = await World.settle(service);
});

afterAll(async () => {
  process.stdout.write(`\nContract, seed ${seed}:\n${counts.table(contract)}\n\n`);
  await service?.stop();
});

describe(`Every answer keeps to openapi.json, seed ${seed}`, () => {
  // --runs counts the requests of all operations together.
  const share = only === undefined ? Math.ceil(runs / contract.operations.length) : runs;

  test.each(operations.map((operation) => [`${operation.id}: ${operation.method} ${operation.path}`, operation] as const))(
    '%s',
    async (_, operation) => {
      const finding = await new ContractCheck(contract, world, service.url, counts).operation(operation, { seed, runs: share });

      expect(finding?.report).toBeUndefined();
    },
    timeFor(share),
  );
});

describe(`Answers agree with each other, seed ${seed}`, () => {
  const share = only === undefined ? Math.ceil(runs / 200) : runs;
  const stories = {
    todos: async (stories: Stories) => stories.todos({ seed, runs: share }),
    records: async (stories: Stories) => stories.records({ seed, runs: share }),
    users: async (stories: Stories) => stories.users({ seed, runs: share }),
    counter: async (stories: Stories) => stories.counter({ seed, runs: share }),
    'sign-ins': async (stories: Stories) => stories.signIns(failuresOfOneAccount),
  };

  test.each(Object.entries(stories).filter(([name]) => named(name)))(
    'the story of %s',
    async (_, tell) => {
      const finding = await tell(new Stories(contract, world, service.url, counts));

      expect(finding?.report).toBeUndefined();
    },
    timeFor(share * 50),
  );
});

test('A method that the contract does not have is 405 at each of its paths, and Allow names those it has', async () => {
  const problem = new Validation(contract, true).of({ $ref: '#/components/schemas/Problem' });
  for (const path of new Set(contract.operations.map((operation) => operation.path))) {
    const documented = contract.operations.filter((operation) => operation.path === path).map(({ method }) => method);
    const allowed = [...documented, ...(documented.includes('GET') ? ['HEAD'] : [])].sort().join(', ');
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((method) => !documented.includes(method))) {
      const answer = await send(service.url, { method, path: path.replace(/\{id\}|\{sessionId\}/g, world.alice.id), headers: {}, body: undefined });

      expect([method, path, answer.status, answer.headers.get('Allow')]).toEqual([method, path, 405, allowed]);
      expect(problem(jsonOf(answer))).toEqual([]);
    }
  }
});

/** A larger --runs takes longer; milliseconds, far more than it should take. */
function timeFor(requests: number): number {
  return 60_000 + requests * 1_000;
}
