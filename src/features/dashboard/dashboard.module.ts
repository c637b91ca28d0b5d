import { Module } from '@nestjs/common';
import { TodosModule } from '../todos/todos.module.js';
import { UsersModule } from '../users/users.module.js';
import { DashboardController } from './dashboard.controller.js';
import { DashboardService } from './dashboard.service.js';

/** The dashboard over both stores. */
@Module({ imports: [UsersModule, TodosModule], controllers: [DashboardController], providers: [DashboardService] })
export class DashboardModule {}
