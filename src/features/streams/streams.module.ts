import { Module } from '@nestjs/common';
import { EventsModule } from '../events/events.module.js';
import { TodosCoreModule } from '../todos/todos-core.module.js';
import { StreamHandler } from './stream-handler.js';

/** What handles the records of the tables' streams: for the stream function and the local server. */
@Module({ imports: [EventsModule, TodosCoreModule], providers: [StreamHandler], exports: [StreamHandler] })
export class StreamsModule {}
