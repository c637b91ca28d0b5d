import type { Request } from 'express';

/**
 * Takes the first of the prefixes that the request's path starts with off its URL, whole segments only.
 * Returns what was taken, or an empty string; `/` stands for what is left of a bare prefix.
 */
export function stripBasePath(request: Pick<Request, 'url'>, prefixes: readonly string[]): string {
  for (const prefix of prefixes) {
    if (prefix !== '' && request.url.startsWith(prefix) && ['', '/', '?'].includes(request.url.charAt(prefix.length))) {
      const rest = request.url.slice(prefix.length);
      request.url = rest.startsWith('/') ? rest : `/${rest}`;
      return prefix;
    }
  }
  return '';
}
