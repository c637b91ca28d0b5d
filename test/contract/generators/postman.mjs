// A Postman collection, run from top to bottom against a service of its own. What an answer gives (tokens, ids) takes the place of the contract's examples, by a script of
// the collection: it is what one line in Postman does.
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { command, contract, root, run, tail, versionOf } from './tools.mjs';

const newman = createRequire(import.meta.url)('newman');

/** Examples of the contract that stand for what only a running service can give. */
const examples = {
  userId: '019e3a5c-7b1e-7c3a-9d52-3f8f6f0a1b2c',
  todoId: '019e3a5c-9c40-7f1d-8a6b-5d2c4e7f9a10',
  sessionId: '019e3a5c-8d2a-7b6e-8f41-6c1d9e7a3b05',
  refreshToken: 'the-refresh-token-of-your-sign-in',
};
/**
 * What an ordinary user is answered although nothing is wrong: the account is there already, lists of everyone are for administrators, signing out has ended the
 * session, and the token of a link stands in a mail.
 */
const refusals = {
  Register: 409,
  'End a session': 404,
  'List all users (role admin)': 403,
  'Read a record, or list them all': 403,
  'Set a new password by a link': 400,
  'Verify the e-mail by a link': 400,
};

const learn = `
  const answer = pm.response.code < 300 && /json/.test(pm.response.headers.get('Content-Type') || '') ? pm.response.json() : {};
  if (answer.accessToken) {
    pm.collectionVariables.set('bearerToken', answer.accessToken);
    pm.collectionVariables.set('refreshToken', answer.refreshToken);
    pm.collectionVariables.set('userId', answer.user.id);
  } else if (pm.response.code === 201 && answer.title) {
    pm.collectionVariables.set('todoId', answer.id);
  } else if (answer.items && answer.items[0] && 'current' in answer.items[0]) {
    pm.collectionVariables.set('sessionId', answer.items[0].id);
  }`;

export async function playInPostman(out) {
  const tool = `openapi-to-postmanv2 ${versionOf('openapi-to-postmanv2')}`;
  const file = join(out, 'collection.json');
  const options = 'folderStrategy=Tags,parametersResolution=Example,enableOptionalParameters=false';
  const converted = run(command('openapi-to-postmanv2', 'openapi2postmanv2'), ['-s', contract, '-o', file, '-O', options]);
  if (!converted.ok) {
    return { tool, problems: tail(converted.text), says: 'could not make a collection' };
  }
  const text = Object.entries(examples).reduce((filled, [name, example]) => filled.replaceAll(example, `{{${name}}}`), readFileSync(file, 'utf8'));
  const made = JSON.parse(text);
  const variable = [...made.variable, ...Object.entries(examples).map(([key, value]) => ({ key, value }))];
  const collection = { ...made, variable, event: [{ listen: 'test', script: { type: 'text/javascript', exec: learn.split('\n') } }] };
  writeFileSync(file, JSON.stringify(collection));

  const { url, stop } = await startService();
  try {
    await register(url, collection);
    const executions = await play(collection, url);
    const problems = executions.flatMap(({ item, response, requestError }) => {
      const status = response?.code;
      const fine = refusals[item.name] === undefined ? status >= 200 && status < 300 : status === refusals[item.name];
      return fine ? [] : [`${item.name} answers ${status ?? requestError}: ${response?.stream.toString().slice(0, 300) ?? ''}`];
    });
    return { tool, problems, says: `its collection runs in order, ${executions.length} requests, the token carried over` };
  } finally {
    await stop();
  }
}

/** Signing in stands before registering in the collection, as in the documentation: the account is there first. */
async function register(url, collection) {
  const item = collection.item.flatMap(({ item: items }) => items).find(({ name }) => name === 'Register');
  const answer = await fetch(`${url}/users`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: item.request.body.raw });
  if (answer.status !== 201) {
    throw new Error(`The example of a registration answers ${answer.status}: ${await answer.text()}`);
  }
}

async function play(collection, baseUrl) {
  return new Promise((done, fail) => {
    newman.run({ collection, globals: { values: [] }, envVar: [{ key: 'baseUrl', value: baseUrl }], reporters: [] }, (error, summary) =>
      error === null ? done(summary.run.executions) : fail(error),
    );
  });
}

/** The service as npm start runs it, on stores of its own. */
async function startService() {
  const data = mkdtempSync(join(tmpdir(), 'duet-generators-'));
  // As root, PostgreSQL runs as another user, who must be able to pass through.
  chmodSync(data, 0o711);
  const child = spawn(process.execPath, ['--no-warnings', join(root, 'scripts/run.mjs'), 'main'], {
    cwd: root,
    env: { ...process.env, PORT: '0', HOST: '127.0.0.1', DUET_DATA_DIR: join(data, 'data'), STORE_TIMEOUT_MS: '20000' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((end) => child.once('exit', end));
  let said = '';
  const url = await new Promise((listening, fail) => {
    child.stdout.on('data', (chunk) => {
      said += chunk;
      const found = /listening on (\S+)/.exec(said)?.[1];
      if (found !== undefined) listening(found);
    });
    child.once('exit', () => fail(new Error(`The service did not start:\n${said}`)));
  });
  return {
    url,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
      rmSync(data, { recursive: true, force: true });
    },
  };
}
