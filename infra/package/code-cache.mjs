import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { PackageError, root } from './project.mjs';
import { lambdaNodeVersion, nodeBinary } from './runtime.mjs';

/** As Lambda starts Node 22, with the heap sizes of a function of 1,769 MB; which sizes does not matter (entry.mjs). */
const lambdaFlags = ['--expose-gc', '--max-semi-space-size=88', '--max-old-space-size=1592', '--no-experimental-require-module'];

const keptCaches = join(root, 'node_modules/.cache/duet-package/code-caches');

/** Why this machine cannot make a cache for functions on `arch`; null when it can. */
export function cannotCache(arch) {
  return process.platform === 'linux' && process.arch === arch
    ? null
    : `No code cache: it is made by running the functions, and this machine (${process.platform}, ${process.arch}) cannot run those for linux, ${arch}`;
}

/**
 * The code caches of every function's scripts, made with Lambda's version of Node after the functions have done their work on embedded stores.
 *
 * @param folders where each function's files lie, by its name; the caches are put beside them as `<file>.cache`.
 * @param compiled tsc's output, for its way to start stores.
 * @returns the caches by function and file.
 */
export async function makeCodeCaches(folders, compiled) {
  const local = async (file) => import(pathToFileURL(join(compiled, file)).href);
  const { startEphemeralStores } = await local('local/stores/local-stores.js');
  const { provisionTables } = await local('local/stores/provision-tables.js');
  const { parseConfig } = await local('config/config.js');
  const node = await nodeBinary(lambdaNodeVersion);
  const [stores, aws, work] = await Promise.all([startEphemeralStores(), startAws(), mkdtemp(join(tmpdir(), 'duet-exercise-'))]);
  try {
    const config = parseConfig(stores.environment);
    await provisionTables(config, () => undefined);
    const environment = {
      ...stores.environment,
      // What Lambda gives, and what sends calls to AWS to this machine instead.
      AWS_LAMBDA_FUNCTION_NAME: 'exercise',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '1769',
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'exercise',
      AWS_SECRET_ACCESS_KEY: 'exercise',
      AWS_SESSION_TOKEN: 'exercise',
      LOG_LEVEL: 'info',
      // A busy machine is no reason for a package to fail.
      STORE_TIMEOUT_MS: '60000',
      EVENT_BUS_NAME: 'exercise',
      EVENTBRIDGE_ENDPOINT: aws.endpoint,
    };
    const exercise = async (name, events) => {
      const file = join(work, `${name}.json`);
      await writeFile(file, JSON.stringify(events));
      await promisify(execFile)(node, [...lambdaFlags, join(root, 'infra/package/exercise.mjs'), folders[name], file], {
        cwd: folders[name],
        env: environment,
        maxBuffer: 100 * 1024 * 1024,
      }).catch((error) => {
        throw new PackageError(`The ${name} function failed while its code cache was made:\n${error.stderr}\n${error.stdout?.slice(-4_000)}`, { cause: error });
      });
    };
    await exercise('migrate', [{}]);
    await exercise('http', []);
    const { todos, records } = config.dynamodb.tables;
    await exercise('stream', [
      await streamEvent(stores.environment.DYNAMODB_ENDPOINT, todos),
      await streamEvent(stores.environment.DYNAMODB_ENDPOINT, records),
    ]);
    await exercise('outbox', [{}]);
    return Object.fromEntries(await Promise.all(Object.entries(folders).map(async ([name, folder]) => [name, await cachesIn(folder)])));
  } finally {
    await Promise.all([stores.stop(), aws.stop(), rm(work, { recursive: true, force: true })]);
  }
}

/**
 * The caches made on this machine for exactly this code before, or else those that `make` makes: V8 would make others each time, and the
 * same code would then be another package to deploy.
 */
export async function rememberedCodeCaches(built, folders, make) {
  const hash = createHash('sha256').update(lambdaNodeVersion);
  for (const { name, files } of built) {
    for (const file of Object.keys(files).sort()) hash.update(`${name}/${file}\n`).update(files[file]);
  }
  for (const file of ['exercise.mjs', 'code-cache.mjs']) hash.update(await readFile(join(root, 'infra/package', file)));
  const kept = join(keptCaches, hash.digest('hex'));
  const names = Object.keys(folders);
  if (!(await readdir(kept).catch(() => [])).length) {
    const caches = await make();
    await mkdir(keptCaches, { recursive: true });
    const mine = await mkdtemp(join(keptCaches, '.new-'));
    for (const name of names) {
      await mkdir(join(mine, name));
      for (const [file, bytes] of Object.entries(caches[name])) await writeFile(join(mine, name, file), bytes);
    }
    // The first maker decides; a second one takes those, as all after it will.
    await rename(mine, kept).catch(async () => rm(mine, { recursive: true, force: true }));
  }
  const caches = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await cachesIn(join(kept, name))])));
  for (const name of names) {
    for (const [file, bytes] of Object.entries(caches[name])) await writeFile(join(folders[name], file), bytes);
  }
  return caches;
}

async function cachesIn(folder) {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.cache')).sort();
  return Object.fromEntries(await Promise.all(files.map(async (file) => [file, await readFile(join(folder, file))])));
}

/** What a table's stream holds, as Lambda's event source mapping would bring it. */
async function streamEvent(endpoint, table) {
  const { DescribeStreamCommand, DynamoDBStreamsClient, GetRecordsCommand, GetShardIteratorCommand, ListStreamsCommand } =
    await import('@aws-sdk/client-dynamodb-streams');
  const client = new DynamoDBStreamsClient({ endpoint, region: 'us-east-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } });
  try {
    const { Streams } = await client.send(new ListStreamsCommand({ TableName: table }));
    const StreamArn = Streams[0].StreamArn;
    const { StreamDescription } = await client.send(new DescribeStreamCommand({ StreamArn }));
    const found = [];
    for (const { ShardId } of StreamDescription.Shards) {
      const { ShardIterator } = await client.send(new GetShardIteratorCommand({ StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' }));
      found.push(...(await client.send(new GetRecordsCommand({ ShardIterator }))).Records);
    }
    return {
      // Lambda gives times in seconds.
      Records: found.map(({ dynamodb, ...record }) => ({
        ...record,
        eventSourceARN: StreamArn,
        dynamodb: { ...dynamodb, ApproximateCreationDateTime: dynamodb.ApproximateCreationDateTime.getTime() / 1000 },
      })),
    };
  } finally {
    client.destroy();
  }
}

/** An event bus that takes everything, so that the code that publishes is in the cache too. */
async function startAws() {
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => (text += chunk));
    request.on('end', () => {
      const { Entries = [] } = JSON.parse(text || '{}');
      response.setHeader('Content-Type', 'application/x-amz-json-1.1');
      response.end(JSON.stringify({ FailedEntryCount: 0, Entries: Entries.map((_, at) => ({ EventId: String(at) })) }));
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${server.address().port}`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
