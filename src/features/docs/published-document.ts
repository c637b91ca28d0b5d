import { readFile } from 'node:fs/promises';

/** The service's version, as published; the same as in package.json (a unit test holds them equal). */
export const serviceVersion = '1.0.0';

let document: Promise<string> | undefined;

/** The committed `openapi.json`, read once. It is what clients were made from, so it is what is served. */
export async function readPublishedDocument(): Promise<string> {
  document ??= readFile(new URL('../../../openapi.json', import.meta.url), 'utf8');
  return document;
}
