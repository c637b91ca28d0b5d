import type { StoreTimeouts } from '../../config/store-timeouts.js';
import { isLoopback } from '../../config/variables.js';

/** What differs between the clients of AWS APIs. */
export interface AwsClientSettings {
  readonly region: string;
  /** An endpoint of ours; unset: AWS's own. */
  readonly endpoint?: string;
  readonly timeouts: Pick<StoreTimeouts, 'connectMs' | 'tryMs'>;
  /** How often a call is tried, the first time included. */
  readonly maxAttempts: number;
}

/** The options that every client of an AWS API is made with: where it sends its calls, as whom, how often, and for how long it waits. */
export function awsClientOptions({ region, endpoint, timeouts, maxAttempts }: AwsClientSettings) {
  return {
    region,
    maxAttempts,
    // Given, because the SDK would take it from the environment.
    retryMode: 'standard',
    requestHandler: { connectionTimeout: timeouts.connectMs, requestTimeout: timeouts.tryMs, throwOnRequestTimeout: true },
    ...(endpoint !== undefined && ownEndpoint(endpoint)),
  };
}

/** An endpoint that is not AWS's own, where nothing holds that the environment says of AWS's. */
export function ownEndpoint(endpoint: string) {
  return {
    endpoint,
    // AWS_USE_FIPS_ENDPOINT and AWS_USE_DUALSTACK_ENDPOINT are about AWS's endpoints: the SDK refuses them beside any other.
    useFipsEndpoint: false,
    useDualstackEndpoint: false,
    // A server on this machine checks no signature, yet the SDK signs: any key will do, and the user's own have no business there.
    ...(isLoopback(new URL(endpoint).hostname) && { credentials: { accessKeyId: 'local', secretAccessKey: 'local' } }),
  };
}
