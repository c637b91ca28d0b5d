import { EventEmitter } from 'node:events';
import { ExpressAdapter } from '@nestjs/platform-express';

/** Express without a server: on Lambda requests come as events, and making a server that never listens costs 4 ms of each cold start. */
export class ServerlessAdapter extends ExpressAdapter {
  override initHttpServer(): void {
    // Nest only hands it on, and listens to its errors.
    this.httpServer = new EventEmitter() as typeof this.httpServer;
  }
}
