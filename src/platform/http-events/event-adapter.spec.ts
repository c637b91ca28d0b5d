import { beforeEach, describe, expect, test } from '@jest/globals';
import { Controller, Get, Header, Module, StreamableFile } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventAdapter } from './event-adapter.js';
import { EventRequest } from './event-request.js';

// Real: Nest over the adapter. That Duet's own routes answer as on Express is shown by the jest project `events`.

@Controller()
class Examples {
  @Get('object')
  object(): object {
    return { grün: true };
  }

  @Get('text')
  text(): string {
    return 'grün';
  }

  @Get('typed')
  @Header('Content-Type', 'text/csv')
  typed(): string {
    return 'a,b';
  }

  @Get('nothing')
  nothing(): void {}

  @Get('file')
  file(): StreamableFile {
    return new StreamableFile(Buffer.from('file'));
  }
}

@Module({ controllers: [Examples] })
class ExamplesModule {}

let adapter: EventAdapter;
beforeEach(async () => {
  adapter = new EventAdapter();
  const app = await NestFactory.create(ExamplesModule, adapter, { logger: false, abortOnError: false, bodyParser: false });
  app.use((_request: unknown, response: { setHeader(name: string, value: string): void }, next: () => void) => {
    response.setHeader('X-Before', 'yes');
    next();
  });
  await app.init();
});

const get = async (url: string, method = 'GET') => adapter.serve(new EventRequest({ method, url, headers: {}, invocation: {} }));

describe('What a route returns is answered as on Express:', () => {
  test.each([
    ['/object', '{"grün":true}', { 'content-type': 'application/json; charset=utf-8', 'content-length': 14 }],
    ['/text', 'grün', { 'content-type': 'text/html; charset=utf-8', 'content-length': 5 }],
    ['/typed', 'a,b', { 'content-type': 'text/csv', 'content-length': 3 }],
    ['/nothing', '', {}],
  ])('%s', async (path, body, headers) => {
    const answer = await get(path);

    expect(answer).toMatchObject({ statusCode: 200, body });
    expect(answer.headers).toEqual({ ...headers, 'x-before': 'yes' });
  });

  test('HEAD has the headers alone', async () => {
    expect(await get('/object', 'HEAD')).toMatchObject({ statusCode: 200, body: '', headers: { 'content-length': 14 } });
  });
});

describe('A request is answered', () => {
  test('when no route serves it', async () => {
    expect((await get('/nowhere')).statusCode).toBe(404);
  });

  test('when a route gives what cannot be sent', async () => {
    expect((await get('/file')).statusCode).toBe(500);
  });

  test('by the next middleware’s error', async () => {
    adapter.use((_request, _response, next) => next(new Error('said')));
    adapter.use(() => {
      throw new Error('not reached');
    });

    expect((await get('/object')).statusCode).toBe(500);
  });

  test('by a middleware’s throw', async () => {
    adapter.use(() => {
      throw new Error('thrown');
    });

    expect((await get('/object')).statusCode).toBe(500);
  });

  test('by the last resort when answering an error fails itself', async () => {
    adapter.setErrorHandler(async () => Promise.reject(new Error('while answering')));
    adapter.setLastResort((error, _request, response) => response.end((error as Error).message));
    adapter.use((_request, _response, next) => next(new Error('said')));

    expect((await get('/object')).body).toBe('while answering');
  });
});

test('A request that nobody can answer is given up, not waited for', async () => {
  adapter.setErrorHandler(async () => Promise.reject(new Error('while answering')));
  adapter.setLastResort(() => {
    throw new Error('the last resort, too');
  });
  adapter.use((_request, _response, next) => next(new Error('said')));

  await expect(get('/object')).rejects.toThrow('without an answer');
});

test('Headers of one name add up', async () => {
  adapter.use((_request, response, next) => {
    adapter.appendHeader(response as never, 'Vary', 'Accept');
    adapter.appendHeader(response as never, 'Vary', 'Origin');
    next();
  });

  expect((await get('/object')).headers).toMatchObject({ vary: ['Accept', 'Origin'] });
});

test.each(['enableCors', 'useStaticAssets', 'render', 'applyVersionFilter'] as const)('%s is refused by what it is for', (method) => {
  expect(() => adapter[method]()).toThrow(/On Lambda there are no/);
});
