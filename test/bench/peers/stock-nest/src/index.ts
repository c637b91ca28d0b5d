import 'reflect-metadata';
import { ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { configure } from '@vendia/serverless-express';
import type { Context } from 'aws-lambda';
import { AppModule } from './app.module.js';

type Serve = (event: unknown, context: Context, callback: () => void) => unknown;

let server: Serve | undefined;

async function bootstrap(): Promise<Serve> {
  const app = await NestFactory.create(AppModule);
  app.useGlobalPipes(new ValidationPipe({ transform: true, whitelist: true }));
  const config = new DocumentBuilder().setTitle('Duet').setVersion('1.0').addBearerAuth().build();
  SwaggerModule.setup('docs', app, SwaggerModule.createDocument(app, config));
  await app.init();
  return configure({ app: app.getHttpAdapter().getInstance() }) as Serve;
}

export const handler = async (event: unknown, context: Context) => {
  server ??= await bootstrap();
  return server(event, context, () => {});
};
