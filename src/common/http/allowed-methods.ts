import type { Request } from 'express';

interface Layer {
  readonly route?: { readonly methods: Readonly<Record<string, boolean>> };
  match(path: string): boolean;
}

/**
 * The methods served at the request's path, sorted, HEAD with GET; empty where no route matches.
 *
 * Express has no public list of them; the layers of its router are what requests are matched with.
 */
export function allowedMethods({ app, path }: Pick<Request, 'app' | 'path'>): string[] {
  const layers = (app as unknown as { router: { stack: Layer[] } }).router.stack;
  const methods = new Set(
    layers
      .filter((layer) => layer.route !== undefined && matches(layer, path))
      .flatMap((layer) => Object.keys(layer.route?.methods ?? {}).map((method) => method.toUpperCase())),
  );
  if (methods.has('GET')) {
    methods.add('HEAD');
  }
  return [...methods].sort();
}

function matches(layer: Layer, path: string): boolean {
  try {
    return layer.match(path);
  } catch (error) {
    // A parameter that cannot be percent-decoded matches no route.
    if (error instanceof URIError || (error instanceof Error && 'status' in error)) return false;
    throw error;
  }
}
