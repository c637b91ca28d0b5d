import { DuetError } from '../../common/errors.js';

/** 409: a user has one record at most. */
export class RecordExistsError extends DuetError {
  readonly kind = 'conflict';
  readonly code = 'record.exists';
  readonly title = 'There is a record already';

  constructor() {
    super('This user has a record: change it, or delete it first.');
  }
}

/** 404: the user has no record. */
export class RecordNotFoundError extends DuetError {
  readonly kind = 'absent';
  readonly code = 'record.not_found';
  readonly title = 'No record';

  constructor() {
    super('This user has no record.');
  }
}

/** 400: a record is one DynamoDB item, of 400 KB at most. */
export class RecordFullError extends DuetError {
  readonly kind = 'invalid';
  readonly code = 'record.full';
  readonly title = 'The record is full';
  override readonly errors = [{ pointer: '/updatedValue', detail: 'would make the record larger than 400 KB' }];

  constructor() {
    super('With this value the record would be larger than 400 KB.');
  }
}

/** 404: the access token outlives its user, for whom nothing is stored any more. */
export class RecordOwnerDeletedError extends DuetError {
  readonly kind = 'absent';
  readonly code = 'user.not_found';
  readonly title = 'No such user';

  constructor() {
    super('This user has been deleted.');
  }
}
