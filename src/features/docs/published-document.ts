import { readFileSync } from 'node:fs';
import { memoize } from '../../common/async.js';

/** The service's version, as published; the same as in package.json (a unit test holds them equal). */
export const serviceVersion = '1.0.0';

/** The committed `openapi.json`, read once. It is what clients were made from, so it is what is served. (`node:fs/promises` costs a millisecond of every cold start.) */
export const readPublishedDocument = memoize(async () => readFileSync(new URL('../../../openapi.json', import.meta.url), 'utf8'));
