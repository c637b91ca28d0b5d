import { DuetError } from '../../common/errors.js';

/** 404: the caller has no todo of this id; whether someone else has is not told. */
export class TodoNotFoundError extends DuetError {
  readonly kind = 'absent';
  readonly code = 'todo.not_found';
  readonly title = 'No such todo';

  constructor() {
    super('You have no todo with this id.');
  }
}

/** 404: the user of the token has been deleted; nothing can be written any more. */
export class TodoOwnerGoneError extends DuetError {
  readonly kind = 'absent';
  readonly code = 'user.not_found';
  readonly title = 'No such user';

  constructor() {
    super('This user has been deleted.');
  }
}

/** Not for callers: an item of the todos table that Duet did not write. The message says why it is thought so, without any of its values. */
export class UnknownItemError extends Error {
  override readonly name = 'UnknownItemError';
}
