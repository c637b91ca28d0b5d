export { createDuetClient, type DuetClient, type DuetClientOptions } from './duet-client.js';
export { type ConnectionFailure, DuetConnectionError, DuetError, DuetProblemError, DuetSignedOutError } from './http/errors.js';
export { type Page, PagedList } from './resources/pages.js';
export type { Session } from './http/session.js';
export type { Exchange } from './http/transport.js';
export type { CallOptions, CreateOptions, Credentials, Dashboard, FieldProblem, Problem, ProblemCode, Readiness, Registration, Service } from './types.js';
export type { Todo, TodoContent, TodoPatch, TodoQuery, User, UserPatch, UserRecord, VisitCounter } from './types.js';
export { contractVersion } from './version.js';
