import { type INestApplicationContext, Module } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { EventsModule } from '../events/events.module.js';
import { TodosCoreModule } from '../todos/todos-core.module.js';
import { StreamHandler } from './stream-handler.js';

/** What the records of the tables' streams are handled with. No request has a use for it. */
@Module({ imports: [EventsModule, TodosCoreModule], providers: [StreamHandler], exports: [StreamHandler] })
export class StreamsModule {}

/** Adds {@link StreamsModule} to an application, and gives its handler. */
export async function loadStreamHandler(app: INestApplicationContext): Promise<StreamHandler> {
  const module = await app.get(LazyModuleLoader).load(() => StreamsModule);
  return module.get(StreamHandler);
}
