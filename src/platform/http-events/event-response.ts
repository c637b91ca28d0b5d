import { EventEmitter } from 'node:events';
import type { HttpResponse } from '../../common/http.js';

/** An answer that is kept whole, to become the function's result. */
export class EventResponse extends EventEmitter<{ finish: []; close: [] }> implements HttpResponse {
  statusCode = 200;
  headersSent = false;
  /** Text, or bytes that must not be read as text. */
  body: string | Uint8Array = '';
  private readonly values: Record<string, number | string | readonly string[]> = {};

  /** @param bodiless whether only the header is answered, as to HEAD */
  constructor(private readonly bodiless: boolean) {
    super();
  }

  /** By their names in lower case. */
  get headers(): Readonly<Record<string, number | string | readonly string[]>> {
    return this.values;
  }

  getHeader(name: string): number | string | readonly string[] | undefined {
    return this.values[name.toLowerCase()];
  }

  setHeader(name: string, value: number | string | readonly string[]): this {
    this.values[name.toLowerCase()] = value;
    return this;
  }

  removeHeader(name: string): void {
    delete this.values[name.toLowerCase()];
  }

  end(body: string | Uint8Array = ''): this {
    if (!this.headersSent) {
      this.headersSent = true;
      this.body = this.bodiless ? '' : body;
      this.emit('finish');
    }
    return this;
  }

  /** Gives up an answer that is not there yet; one that is, is whole. */
  destroy(): this {
    if (!this.headersSent) {
      this.headersSent = true;
      this.emit('close');
    }
    return this;
  }
}
