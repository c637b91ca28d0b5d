import { Module } from '@nestjs/common';
import { RateLimitsModule } from '../../platform/rate-limits/rate-limits.module.js';
import { AttemptLimits } from './attempt-limits.js';
import { Passwords } from './passwords.js';

/** Passwords, and the quotas of what is done with them: for the features of users and of sign-in, neither of which it knows. */
@Module({ imports: [RateLimitsModule], providers: [AttemptLimits, Passwords], exports: [AttemptLimits, Passwords] })
export class CredentialsModule {}
