import { Module } from '@nestjs/common';
import { ServiceSecret } from './service-secret.js';

/** Gives the service's secret to what signs or hashes with it. */
@Module({ providers: [ServiceSecret], exports: [ServiceSecret] })
export class ServiceSecretModule {}
