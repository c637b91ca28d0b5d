// Stands in for Lambda's runtime: a fresh process whose working folder is a function's unpacked zip. It loads the handler as the runtime
// does, with import(), and answers one event at a time over IPC. Run by package.spec.ts, which may not load a package into jest itself.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const { handler } = await import(pathToFileURL(join(process.cwd(), 'index.mjs')).href);

process.on('message', async ({ event, context }) => {
  try {
    const result = await handler(event, { ...context, getRemainingTimeInMillis: () => 30_000 });
    process.send({ result, sinceStartMs: Math.round(performance.now()) });
  } catch (error) {
    process.send({ error: error.stack });
  }
});
process.on('disconnect', () => process.exit(0));
process.send({ ready: handler.length });
