import { allowedMethods } from '../../common/http.js';

/** A path that matches a route but for a parameter whose percent-encoding is none. */
export class UndecodablePathError extends Error {
  override readonly name = 'UndecodablePathError';
  /** Read as the status of the answer, as Express's is. */
  readonly status = 400;

  constructor(options?: ErrorOptions) {
    super('A part of the path cannot be percent-decoded', options);
  }
}

/** A route that serves a request. */
export interface Match<Handler> {
  readonly handler: Handler;
  /** As it was declared, such as `/users/:id`. */
  readonly template: string;
  /** Decoded. */
  readonly params: Readonly<Record<string, string>>;
}

type Segment = { readonly literal: string } | { readonly param: string };

interface Route<Handler> {
  readonly method: string;
  readonly template: string;
  readonly segments: readonly Segment[];
  readonly handler: Handler;
}

/**
 * Finds routes as Express does with its defaults: literals in any case, one slash at the end ignored, the first declared wins, HEAD is
 * served by GET. Templates are literals and whole-segment parameters: all that Duet has.
 */
export class Router<Handler> {
  private readonly bySize = new Map<number, Route<Handler>[]>();

  /** @throws TypeError for a template with more than literals and parameters. */
  add(method: string, template: string, handler: Handler): void {
    const segments = segmentsOf(template).map(parseSegment);
    const routes = this.bySize.get(segments.length) ?? [];
    routes.push({ method, template, segments, handler });
    this.bySize.set(segments.length, routes);
  }

  /** @throws UndecodablePathError */
  find(method: string, path: string): Match<Handler> | undefined {
    const segments = segmentsOf(path);
    for (const route of this.matching(segments)) {
      // Also of a route of another method, as Express does: a path that is no path has no methods.
      const params = paramsOf(route.segments, segments);
      if (route.method === method || (method === 'HEAD' && route.method === 'GET')) {
        return { handler: route.handler, template: route.template, params };
      }
    }
    return undefined;
  }

  /** See `RoutingAdapter`. */
  methodsAt(path: string): string[] {
    return allowedMethods(this.matching(segmentsOf(path)).map(({ method }) => method));
  }

  private matching(segments: readonly string[]): Route<Handler>[] {
    const routes = this.bySize.get(segments.length) ?? [];
    return routes.filter((route) => route.segments.every((segment, at) => fits(segment, segments[at] ?? '')));
  }
}

function segmentsOf(path: string): string[] {
  const trimmed = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
  return trimmed.slice(1).split('/');
}

function parseSegment(segment: string): Segment {
  const [, colon, name = ''] = /^(:?)([\w.-]*)$/.exec(segment) ?? [];
  if (colon === undefined || (colon !== '' && !/^\w+$/.test(name))) {
    throw new TypeError(`A route's path holds "${segment}", and may only hold literals and whole-segment parameters`);
  }
  return colon === '' ? { literal: name.toLowerCase() } : { param: name };
}

function fits(segment: Segment, text: string): boolean {
  return 'param' in segment ? text !== '' : text === segment.literal || text.toLowerCase() === segment.literal;
}

function paramsOf(segments: readonly Segment[], texts: readonly string[]): Record<string, string> {
  const params: Record<string, string> = {};
  for (const [at, segment] of segments.entries()) {
    if ('param' in segment) {
      params[segment.param] = decode(texts[at] ?? '');
    }
  }
  return params;
}

function decode(text: string): string {
  try {
    return text.includes('%') ? decodeURIComponent(text) : text;
  } catch (cause) {
    throw new UndecodablePathError({ cause });
  }
}
