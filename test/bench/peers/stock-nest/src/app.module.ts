import { Controller, Get, Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
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
    ConfigModule.forRoot({ isGlobal: true }),
    TypeOrmModule.forRootAsync({
      inject: [ConfigService],
      useFactory: (config: ConfigService) => ({
        type: 'postgres',
        host: config.getOrThrow('RDS_HOST'),
        port: Number(config.getOrThrow('RDS_PORT')),
        database: config.getOrThrow('RDS_DATABASE'),
        username: config.getOrThrow('RDS_USERNAME'),
        password: config.getOrThrow('RDS_PASSWORD'),
        entities: [User],
        poolSize: 2,
      }),
    }),
    TypeOrmModule.forFeature([User]),
    JwtModule.registerAsync({
      inject: [ConfigService],
      useFactory: (config: ConfigService) => ({
        secret: config.getOrThrow('JWT_SECRET'),
        verifyOptions: { algorithms: ['HS256'], issuer: 'duet', audience: 'duet' },
      }),
    }),
  ],
  controllers: [ServiceController, CounterController, UsersController],
  providers: [CounterService, UsersService],
})
export class AppModule {}
