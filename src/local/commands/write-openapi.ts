import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseConfig } from '../../config/config.js';
import { errorsPage } from '../../features/docs/error-examples.js';
import { buildOpenApiDocument } from '../../features/docs/openapi-document.js';
import { withPlaceholders } from '../stores/placeholders.js';
import { createServerApp } from '../server/server-app.js';

/** Writes `openapi.json` and `docs/errors.md` from the code; with `--check`, only says whether the committed ones are what would be written (exit 1 if not). */
async function writeContract(checkOnly: boolean): Promise<void> {
  const app = await createServerApp(parseConfig(withPlaceholders({ LOG_LEVEL: 'error' })));
  const files = { 'openapi.json': `${JSON.stringify(buildOpenApiDocument(app), null, 2)}\n`, 'docs/errors.md': errorsPage() };
  await app.close();
  for (const [name, text] of Object.entries(files)) {
    const file = fileURLToPath(new URL(`../../../${name}`, import.meta.url));
    if (!checkOnly) {
      await writeFile(file, text);
    } else if ((await readFile(file, 'utf8')) !== text) {
      process.stderr.write(`${name} is not what the code publishes: run npm run openapi and commit the result.\n`);
      process.exitCode = 1;
    }
  }
}

await writeContract(process.argv.includes('--check'));
