import type { components, operations } from './schema.js';

type Schemas = components['schemas'];

/** The answer to `GET /`. */
export type Service = Schemas['Service'];
/** Whether the stores can be reached. */
export type Readiness = Schemas['Readiness'];
export type Credentials = Schemas['Credentials'];
export type Tokens = Schemas['Tokens'];
export type Registration = Schemas['Registration'];
export type User = Schemas['User'];
export type UserPatch = Schemas['UserPatch'];
/** Where one is signed in. */
export type SignIn = Schemas['Session'];
export type PasswordReset = Schemas['PasswordReset'];
export type Todo = Schemas['Todo'];
/** The fields of a todo that a caller writes; all but `title` have defaults. */
export type TodoContent = Schemas['TodoContent'];
/** A merge patch (RFC 7396): null clears. */
export type TodoPatch = Schemas['TodoPatch'];
/** What a list of todos can be asked for; `limit` is the size of a page. */
export type TodoQuery = Omit<NonNullable<operations['listTodos']['parameters']['query']>, 'cursor'>;
/** A write among others in a batch: `ifVersion` has it fail unless the todo is of that version. */
export type TodoOperation = Schemas['Batch']['operations'][number];
/** What an operation of a batch came to: the todo as it is now; null when it was deleted. */
export type TodoResult = Schemas['BatchResult']['results'][number];
/** What became of a todo since the last look. */
export type TodoChange = Schemas['Changes']['changes'][number];
/** A page of changes; `next` is where the following one begins, now or later; `more` says whether there is one now. */
export type ChangePage = Schemas['Changes'];
export type VisitCounter = Schemas['VisitCounter'];
export type UserRecord = Schemas['UserRecord'];
export type Dashboard = Schemas['Dashboard'];
/** An error in the shape of RFC 9457. */
export type Problem = Schemas['Problem'];
/** What a problem means: programs decide by it. */
export type ProblemCode = Problem['code'];
/** One value that is not valid: a JSON pointer (RFC 6901) to it, and why. */
export type FieldProblem = NonNullable<Problem['errors']>[number];

/** What any call takes. */
export interface CallOptions {
  /** Cancels the call, its retries and its waiting: it then rejects with the signal's `reason`. */
  readonly signal?: AbortSignal;
}

/** What a call that creates takes. */
export interface CreateOptions extends CallOptions {
  /**
   * Names this creation, so that it happens once however often it is sent within 24 hours: 1 to 255 visible ASCII characters.
   * Left out, each call makes a key of its own, which its retries share.
   */
  readonly idempotencyKey?: string;
}
