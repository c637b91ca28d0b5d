import { ExpressAdapter } from '@nestjs/platform-express';
import type { Express, NextFunction, Request, Response } from 'express';
import { allowedMethods, type HttpRequest, type HttpResponse, type RoutingAdapter } from '../../common/http.js';

interface RouteLayer {
  readonly route?: { readonly methods: Readonly<Record<string, boolean>> };
  match(path: string): boolean;
}

/** Nest over Express, with what the service asks of an adapter. */
export class ServerAdapter extends ExpressAdapter implements RoutingAdapter {
  private readonly express: Express;

  constructor() {
    super();
    this.express = this.getInstance<Express>();
    // Versions make the entity tags; Express's own would be of bytes, and of lists too.
    this.express.disable('etag').disable('x-powered-by');
  }

  // Express has no public list of the methods at a path; the layers of its router are the truth that requests meet.
  methodsAt(path: string): string[] {
    const layers = (this.express as unknown as { router: { stack: RouteLayer[] } }).router.stack;
    return allowedMethods(
      layers
        .filter((layer) => layer.route !== undefined && matches(layer, path))
        .flatMap((layer) => Object.keys(layer.route?.methods ?? {}).map((method) => method.toUpperCase())),
    );
  }

  setLastResort(answer: (error: unknown, request: HttpRequest, response: HttpResponse) => void): void {
    this.express.use((error: unknown, request: Request, response: Response, _next: NextFunction) => answer(error, request, response));
  }
}

function matches(layer: RouteLayer, path: string): boolean {
  try {
    return layer.match(path);
  } catch (error) {
    // A parameter that cannot be percent-decoded matches no route.
    if (error instanceof URIError || (error instanceof Error && 'status' in error)) return false;
    throw error;
  }
}
