import { types } from 'node:util';

// By name, because the SDK has no class for a refused or cut connection:
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
const unavailableNames = new Set([
  'TimeoutError',
  'NetworkingError',
  'InternalServerError',
  'ServiceUnavailable',
  'ServiceUnavailableException',
  'RequestLimitExceeded',
  'ThrottlingException',
  'ProvisionedThroughputExceededException',
  'CredentialsProviderError',
]);
const networkCodes = /^(E(CONNREFUSED|CONNRESET|CONNABORTED|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH|NOTFOUND|AI_AGAIN)|ERR_(SOCKET|STREAM)_\w+)$/;

// The SDK does not know an error of another realm, and keeps only its text.
const wrappedNetworkError =
  /^AWS SDK error wrapper for Error: .*\b(E(CONNREFUSED|CONNRESET|CONNABORTED|PIPE|TIMEDOUT|HOSTUNREACH|NETUNREACH|NOTFOUND|AI_AGAIN)|socket hang up)\b/;

/** Whether an error of the SDK says that the time given to the whole call, its tries together, was over. */
export function isAborted(error: unknown): boolean {
  return types.isNativeError(error) && error.name === 'AbortError';
}

/** Whether an error of the SDK says that the service did not do its part, rather than that the request was wrong. */
export function isUnavailable(error: unknown): boolean {
  // Not `instanceof`: Node's own errors, such as a refused connection, are of another realm where the code runs in a `vm` context (jest).
  if (!types.isNativeError(error)) {
    return false;
  }
  const { code, $metadata, $response } = error as Error & { code?: unknown; $metadata?: { httpStatusCode?: number }; $response?: { statusCode?: number } };
  const status = $metadata?.httpStatusCode ?? $response?.statusCode ?? 0;
  return (
    isAborted(error) ||
    unavailableNames.has(error.name) ||
    (typeof code === 'string' && networkCodes.test(code)) ||
    status >= 500 ||
    error.message === 'socket hang up' ||
    wrappedNetworkError.test(error.message)
  );
}
