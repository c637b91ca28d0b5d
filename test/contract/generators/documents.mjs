// Spectral's own rules, and the data that Prism's mock answers with.
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { command, contract, run, tail, versionOf } from './tools.mjs';

export function lintWithSpectral(out) {
  const ruleset = join(out, 'spectral.json');
  writeFileSync(ruleset, JSON.stringify({ extends: ['spectral:oas'] }));
  const { ok, text } = run(command('@stoplight/spectral-cli', 'spectral'), ['lint', contract, '--ruleset', ruleset, '--fail-severity', 'hint']);
  return {
    tool: `spectral ${versionOf('@stoplight/spectral-cli')}`,
    problems: ok ? [] : tail(text, 40),
    says: ok ? 'finds nothing with its rules for OpenAPI' : 'finds',
  };
}

/** Asks the mock for every operation that answers with a body, and looks for what a placeholder would look like. */
export async function mockWithPrism() {
  const port = await freePort();
  const mock = spawn(process.execPath, [command('@stoplight/prism-cli', 'prism'), 'mock', contract, '--host', '127.0.0.1', '--port', String(port)], {
    stdio: 'ignore',
  });
  try {
    const url = `http://127.0.0.1:${port}`;
    await listening(url);
    const problems = [];
    let asked = 0;
    for (const [path, operations] of Object.entries(JSON.parse(readFileSync(contract, 'utf8')).paths)) {
      for (const [method, operation] of Object.entries(operations)) {
        const answer = await ask(url, path, method, operation);
        const expected = Number(Object.keys(operation.responses)[0]);
        asked += 1;
        if (answer.status !== expected) {
          problems.push(`${operation.operationId} answers ${answer.status}, not ${expected}: ${answer.text.slice(0, 300)}`);
        } else if (answer.text !== '' && operation.operationId !== 'getOpenApi') {
          problems.push(...placeholdersIn(JSON.parse(answer.text)).map((found) => `${operation.operationId} answers with ${found}`));
        }
      }
    }
    return { tool: `prism ${versionOf('@stoplight/prism-cli')}`, problems, says: `its mock answers ${asked} operations with believable data` };
  } finally {
    mock.kill('SIGTERM');
  }
}

async function ask(url, path, method, { parameters = [], requestBody }) {
  const filled = parameters
    .filter(({ in: place }) => place === 'path')
    .reduce((text, { name, example, schema }) => text.replace(`{${name}}`, example ?? schema.example), path);
  const query = parameters
    .filter(({ in: place, required }) => place === 'query' && required)
    .map(({ name, example, schema }) => `${name}=${example ?? schema.example}`);
  const body = requestBody === undefined ? undefined : exampleOf(Object.values(requestBody.content)[0].schema);
  const answer = await fetch(`${url}${filled}${query.length > 0 ? `?${query.join('&')}` : ''}`, {
    method: method.toUpperCase(),
    headers: { Authorization: 'Bearer token', ...(body !== undefined && { 'Content-Type': 'application/json' }) },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return { status: answer.status, text: await answer.text() };
}

/** An object's example, or that of each property that has one. */
function exampleOf(schema) {
  const { components } = JSON.parse(readFileSync(contract, 'utf8'));
  const target = schema.$ref === undefined ? schema : components.schemas[schema.$ref.split('/').at(-1)];
  return (
    target.example ??
    Object.fromEntries(Object.entries(target.properties ?? {}).flatMap(([name, { example }]) => (example === undefined ? [] : [[name, example]])))
  );
}

/** Values that Prism makes up where the contract has no example. */
function placeholdersIn(value, pointer = '') {
  if (value === 'string' || value === 'lorem' || (typeof value === 'number' && Math.abs(value) > 2 ** 52)) {
    return [`${JSON.stringify(value)} at ${pointer}`];
  }
  return typeof value === 'object' && value !== null ? Object.entries(value).flatMap(([name, part]) => placeholdersIn(part, `${pointer}/${name}`)) : [];
}

async function listening(url) {
  for (let tries = 0; tries < 300; tries += 1) {
    try {
      await fetch(`${url}/counter`);
      return;
    } catch {
      // Not listening yet.
      await sleep(100);
    }
  }
  throw new Error('Prism did not listen within 30 s');
}

export async function freePort() {
  const server = createServer();
  await new Promise((listen) => server.listen(0, '127.0.0.1', listen));
  const { port } = server.address();
  await new Promise((close) => server.close(close));
  return port;
}
