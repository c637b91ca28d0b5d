import { Module } from '@nestjs/common';
import { DocsController } from './docs.controller.js';

/** The root descriptor and the published contract. */
@Module({ controllers: [DocsController] })
export class DocsModule {}
