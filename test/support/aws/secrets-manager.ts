import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { AwsError } from './aws-error.js';
import { listenOnLoopback } from '../loopback.js';

/** A stand-in for Secrets Manager: GetSecretValue over AWS JSON 1.1, by stage, signed requests only. */
export interface SecretsManagerStandIn {
  readonly endpoint: string;
  /** How many readings were asked for so far, refused ones included. */
  readonly readings: number;
  /** Gives a secret a new current version; what was current becomes the previous one, as `PutSecretValue` does. */
  put(arn: string, text: string): void;
  /** From now on every reading is refused with a 500; `null`: all is well again. */
  failWith(code: 'InternalServiceError' | 'AccessDeniedException' | null): void;
  stop(): Promise<void>;
}

interface Version {
  readonly id: string;
  readonly text: string;
}

/** Starts the stand-in on a free loopback port. */
export async function startSecretsManager(): Promise<SecretsManagerStandIn> {
  // Newest first: AWSCURRENT, AWSPREVIOUS. Older versions are kept by AWS, too, under no stage.
  const secrets = new Map<string, Version[]>();
  let readings = 0;
  let failure: string | null = null;

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { SecretId: arn = '', VersionStage: stage = 'AWSCURRENT' } = await readCall(request);
    readings += 1;
    if (failure !== null) {
      throw new AwsError(failure === 'AccessDeniedException' ? 400 : 500, failure, 'Refused by the test');
    }
    const version = secrets.get(arn)?.[['AWSCURRENT', 'AWSPREVIOUS'].indexOf(stage)];
    if (version === undefined) {
      throw new AwsError(400, 'ResourceNotFoundException', `Secrets Manager can't find the specified secret value for staging label: ${stage}`);
    }
    reply(response, 200, { ARN: arn, VersionId: version.id, VersionStages: [stage], SecretString: version.text });
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      const { status, code, message } = error instanceof AwsError ? error : new AwsError(500, 'InternalServiceError', String(error));
      reply(response, status, { __type: code, message });
    });
  });
  const { url: endpoint, stop } = await listenOnLoopback(server);
  return {
    endpoint,
    get readings() {
      return readings;
    },
    put: (arn, text) => void secrets.set(arn, [{ id: randomUUID(), text }, ...(secrets.get(arn) ?? [])]),
    failWith: (code) => {
      failure = code;
    },
    stop,
  };
}

async function readCall(request: IncomingMessage): Promise<{ SecretId?: string; VersionStage?: string }> {
  const body = await text(request);
  if (!request.headers.authorization?.startsWith('AWS4-HMAC-SHA256 Credential=')) {
    throw new AwsError(403, 'MissingAuthenticationTokenException', 'Missing Authentication Token');
  }
  if (request.headers['x-amz-target'] !== 'secretsmanager.GetSecretValue') {
    throw new AwsError(400, 'UnknownOperationException', `Not GetSecretValue: ${String(request.headers['x-amz-target'])}`);
  }
  return JSON.parse(body) as { SecretId?: string; VersionStage?: string };
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/x-amz-json-1.1' }).end(JSON.stringify(body));
}
