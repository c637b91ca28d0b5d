import { Module } from '@nestjs/common';
import { TodosCoreModule } from '../todos/todos-core.module.js';
import { SyncController } from './sync.controller.js';
import { SyncService } from './sync.service.js';

/** What a client needs to hold a copy of a user's todos. */
@Module({ imports: [TodosCoreModule], controllers: [SyncController], providers: [SyncService] })
export class SyncModule {}
