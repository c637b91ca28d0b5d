import { Module } from '@nestjs/common';
import { LinkTokens } from './link-tokens.js';
import { PostgresLinkTokens } from './persistence/postgres-link-tokens.js';

/** The tokens of links in mails. */
@Module({ providers: [{ provide: LinkTokens, useClass: PostgresLinkTokens }], exports: [LinkTokens] })
export class LinksModule {}
