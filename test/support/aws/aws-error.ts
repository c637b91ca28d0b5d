/** What a stand-in for an AWS service answers a call with that it refuses: an HTTP status, and AWS's own code for it. */
export class AwsError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}
