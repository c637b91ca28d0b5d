import { Module } from '@nestjs/common';
import { ServiceSecretModule } from '../secrets/service-secret.module.js';
import { RateLimiter } from './rate-limiter.js';

/** Gives features the limiter, whose state all instances share. */
@Module({ imports: [ServiceSecretModule], providers: [RateLimiter], exports: [RateLimiter] })
export class RateLimitsModule {}
