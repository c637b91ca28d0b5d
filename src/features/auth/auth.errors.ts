import { DuetError } from '../../common/errors.js';

/** 401: e-mail and password are not those of any account; which of the two is wrong is nobody's business. */
export class InvalidCredentialsError extends DuetError {
  readonly kind = 'unauthenticated';
  readonly code = 'auth.invalid_credentials';
  readonly title = 'Wrong e-mail or password';
  override readonly headers = { 'WWW-Authenticate': 'Bearer' };

  constructor() {
    super('There is no account with this e-mail and password.');
  }
}

/** 401: the refresh token is unknown, spent, expired or ended. */
export class InvalidRefreshTokenError extends DuetError {
  readonly kind = 'unauthenticated';
  readonly code = 'auth.invalid_refresh_token';
  readonly title = 'Sign in again';
  override readonly headers = { 'WWW-Authenticate': 'Bearer' };

  constructor() {
    super('The refresh token is not valid, was used before, or has expired.');
  }
}
