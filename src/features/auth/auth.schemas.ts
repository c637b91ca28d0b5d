import * as z from 'zod';
import { userSchema } from '../users/users.schemas.js';

/** The body of `POST /auth/login`. It says nothing of the rules for passwords: any text may be tried. */
export const credentialsSchema = z
  .strictObject({
    email: z.string().min(1).max(1024).meta({ example: 'ada@example.com' }),
    password: z.string().min(1).max(1024).meta({ format: 'password', writeOnly: true, example: 'correct horse battery staple' }),
  })
  .meta({ id: 'Credentials' });

export type Credentials = z.output<typeof credentialsSchema>;

/** The body of `POST /auth/refresh` and `POST /auth/logout`. */
export const refreshSchema = z
  .strictObject({ refreshToken: z.string().min(1).max(1024) })
  .meta({ id: 'RefreshRequest', example: { refreshToken: 'the-refresh-token-of-your-sign-in' } });

export type RefreshRequest = z.output<typeof refreshSchema>;

/** Of the form of an access token, with no valid signature. */
const exampleJwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIwMTllM2E1Yy03YjFlLTdjM2EtOWQ1Mi0zZjhmNmYwYTFiMmMifQ.ZXhhbXBsZQ';

/** What a sign-in or refresh gives. */
export const tokensSchema = z
  .object({
    accessToken: z.string().meta({ description: 'A JWT: send it as `Authorization: Bearer`.', example: exampleJwt }),
    tokenType: z.literal('Bearer'),
    expiresIn: z.int().min(1).meta({ description: 'Seconds for which the access token holds.', example: 900 }),
    refreshToken: z
      .string()
      .meta({ description: 'Good once, for the next pair of tokens; 30 days at most from sign-in.', example: 'the-refresh-token-of-your-sign-in' }),
    user: userSchema,
  })
  .meta({ id: 'Tokens' });

export type Tokens = z.output<typeof tokensSchema>;
