import { Controller, Get, Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CounterController } from './counter.controller.js';
import { CounterService } from './counter.service.js';
import { User } from './user.entity.js';
import { UsersController } from './users.controller.js';
import { UsersService } from './users.service.js';

@Controller()
class ServiceController {
  @Get()
  describe() {
    return { name: 'duet', version: '1.0.0', links: { health: '/health', docs: '/docs', openapi: '/openapi.json' } };
  }
}

@Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'postgres',
      host: process.env['RDS_HOST'],
      port: Number(process.env['RDS_PORT']),
      database: process.env['RDS_DATABASE'],
      username: process.env['RDS_USERNAME'],
      password: process.env['RDS_PASSWORD'],
      entities: [User],
      poolSize: 2,
    }),
    TypeOrmModule.forFeature([User]),
    JwtModule.register({ secret: process.env['JWT_SECRET'], verifyOptions: { algorithms: ['HS256'], issuer: 'duet', audience: 'duet' } }),
  ],
  controllers: [ServiceController, CounterController, UsersController],
  providers: [CounterService, UsersService],
})
export class AppModule {}
