import { type INestApplicationContext, Module } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { TodosModule } from '../todos/todos.module.js';
import { EventsModule } from '../events/events.module.js';
import { StreamHandler } from './stream-handler.js';

/** What the tables' streams are worked off with. No part of the application as such: no request has a use for it. */
@Module({ imports: [EventsModule, TodosModule], providers: [StreamHandler] })
export class StreamsModule {}

/** Adds {@link StreamsModule} to an application, and gives its handler. */
export async function loadStreamHandler(app: INestApplicationContext): Promise<StreamHandler> {
  const module = await app.get(LazyModuleLoader).load(() => StreamsModule);
  return module.get(StreamHandler);
}
