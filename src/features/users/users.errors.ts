import { DuetError } from '../../common/errors.js';

/** 404: the user is not there, or no longer. */
export class UserNotFoundError extends DuetError {
  readonly kind = 'absent';
  readonly code = 'user.not_found';
  readonly title = 'No such user';

  constructor() {
    super('There is no such user.');
  }
}

/** 409: another account has the e-mail, in whatever case. */
export class EmailTakenError extends DuetError {
  readonly kind = 'conflict';
  readonly code = 'user.email_taken';
  readonly title = 'E-mail taken';

  constructor() {
    super('Another account has this e-mail.');
  }
}

/** 403: `currentPassword` is not the account's. */
export class WrongPasswordError extends DuetError {
  readonly kind = 'forbidden';
  readonly code = 'user.wrong_password';
  readonly title = 'Wrong password';

  constructor() {
    super('The current password is not right.');
  }
}
