import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseConfig } from '../../config/config.js';
import { buildOpenApiDocument } from '../../features/docs/openapi-document.js';
import { withPlaceholders } from '../stores/placeholders.js';
import { createServerApp } from '../server/server-app.js';

/** Writes `openapi.json` from the code; with `--check`, only tells whether the committed one is what would be written (exit 1 if not). */
async function writeOpenApi(checkOnly: boolean): Promise<void> {
  const file = fileURLToPath(new URL('../../../openapi.json', import.meta.url));
  const app = await createServerApp(parseConfig(withPlaceholders({ LOG_LEVEL: 'error' })));
  const text = `${JSON.stringify(buildOpenApiDocument(app), null, 2)}\n`;
  await app.close();
  if (!checkOnly) {
    await writeFile(file, text);
    return;
  }
  if ((await readFile(file, 'utf8')) !== text) {
    process.stderr.write('openapi.json is not what the code publishes: run npm run openapi and commit the result.\n');
    process.exitCode = 1;
  }
}

await writeOpenApi(process.argv.includes('--check'));
