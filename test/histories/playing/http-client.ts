import { Agent, type IncomingMessage, request as httpRequest } from 'node:http';
import { once } from 'node:events';
import { text as textOf } from 'node:stream/consumers';
import { type Answer, answerOf, type CallOptions, contentOf, headersOf } from '../../support/service.js';

/** Calls services over connections that it keeps, at half of what `fetch` costs: thousands of histories share their processors with what they judge. */
export class HttpClient {
  private readonly agent = new Agent({ keepAlive: true });

  /** One call, as `callService`; null when the connection broke on the way. */
  async call(port: number, method: string, path: string, options: CallOptions = {}): Promise<Answer | null> {
    const content = contentOf(options);
    const request = httpRequest({
      host: '127.0.0.1',
      port,
      method,
      path,
      agent: this.agent,
      headers: headersOf(options),
    });
    try {
      const [response] = (await once(request.end(content), 'response')) as [IncomingMessage];
      return answerOf(response.statusCode ?? 0, new Headers({ 'content-type': response.headers['content-type'] ?? '' }), await textOf(response));
    } catch (error) {
      if (isBroken(error)) {
        return null;
      }
      throw error;
    }
  }

  close(): void {
    this.agent.destroy();
  }
}

const isBroken = (error: unknown): boolean => /^(ECONNRESET|ECONNREFUSED|EPIPE|ERR_STREAM_PREMATURE_CLOSE)$/.test((error as NodeJS.ErrnoException).code ?? '');
