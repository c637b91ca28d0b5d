import * as z from 'zod';
import { emailSchema, newPasswordSchema } from './users.schemas.js';

const token = z.string().min(1).max(1024).meta({
  description: 'What stands behind the last slash of the link.',
  writeOnly: true,
  example: 'c2l4dGVlbiBvciB0aGlydHktdHdvIHJhbmRvbSBieXQ',
});

/** The body of `POST /auth/forgot`. */
export const forgotSchema = z.strictObject({ email: emailSchema }).meta({ id: 'ForgottenPassword' });

export type ForgottenPassword = z.output<typeof forgotSchema>;

/** The body of `POST /auth/reset`. */
export const resetSchema = z.strictObject({ token, password: newPasswordSchema }).meta({ id: 'PasswordReset' });

export type PasswordReset = z.output<typeof resetSchema>;

/** The body of `POST /auth/verify`. */
export const verificationSchema = z.strictObject({ token }).meta({ id: 'EmailVerification' });

export type EmailVerification = z.output<typeof verificationSchema>;
