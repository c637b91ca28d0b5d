/** A deployment that cannot go on; the message says what to do. */
export class DeployError extends Error {
  name = 'DeployError';
}
