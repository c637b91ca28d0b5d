import { Module } from '@nestjs/common';
import { TodosController } from './todos.controller.js';
import { TodosCoreModule } from './todos-core.module.js';

/** Todos and their routes. */
@Module({ imports: [TodosCoreModule], controllers: [TodosController], exports: [TodosCoreModule] })
export class TodosModule {}
