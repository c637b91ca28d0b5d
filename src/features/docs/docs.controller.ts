import { Controller, Get, Header } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Public } from '../../common/http/caller.js';
import { Operation } from '../../common/http/openapi.js';
import { currentContext } from '../../common/http/request-context.js';
import { serviceSchema, type ServiceDescriptor, openApiDocumentSchema } from './docs.schemas.js';
import { readPublishedDocument, serviceVersion } from './published-document.js';

/** Where a newcomer starts: what this is, and where its contract is. */
@Public()
@ApiTags('Service')
@Controller()
export class DocsController {
  @Get()
  @Operation({
    id: 'getService',
    summary: 'What this service is',
    description: 'Where the contract, its documentation and the health of the service are.',
    auth: false,
    success: { status: 200, description: 'Name, version and links.', schema: serviceSchema },
    problems: [],
  })
  describe(): ServiceDescriptor {
    const base = currentContext()?.basePath ?? '';
    return { name: 'duet', version: serviceVersion, links: { health: `${base}/health`, docs: `${base}/docs`, openapi: `${base}/openapi.json` } };
  }

  @Get('openapi.json')
  @Header('Content-Type', 'application/json; charset=utf-8')
  @Operation({
    id: 'getOpenApi',
    summary: 'This contract',
    description: 'The whole HTTP interface, for people and for generators.',
    auth: false,
    success: { status: 200, description: 'The OpenAPI 3.1 document.', schema: openApiDocumentSchema },
    problems: [],
  })
  async openApi(): Promise<string> {
    return readPublishedDocument();
  }
}
