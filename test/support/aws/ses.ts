import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { listenOnLoopback } from '../loopback.js';
import { type ReadMail, readMail } from '../mail/mails.js';
import { AwsError } from './aws-error.js';

/** How a call is to go wrong: refused, taken with its reply lost, or never answered. */
export type SesFailure =
  { readonly kind: 'refuse'; readonly status: number; readonly code: string; readonly message?: string } | { readonly kind: 'lose-reply' | 'hang' };

/** A stand-in for SES v2: SendEmail of a raw message over REST and JSON, validated as AWS does. */
export interface SesStandIn {
  readonly endpoint: string;
  /** What was accepted, in order, and the tags that came with each. */
  readonly mails: readonly (ReadMail & { readonly tags: Readonly<Record<string, string>> })[];
  /** The next call fails in this way; failures asked for one after another come one after another. */
  failNext(failure: SesFailure): void;
  stop(): Promise<void>;
}

interface SendEmail {
  readonly FromEmailAddress?: string;
  readonly Destination?: { readonly ToAddresses?: readonly string[] };
  readonly Content?: { readonly Raw?: { readonly Data?: string }; readonly Simple?: object; readonly Template?: object };
  readonly EmailTags?: readonly { readonly Name: string; readonly Value: string }[];
}

// https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html
const path = '/v2/email/outbound-emails';
const tagPattern = /^[A-Za-z0-9_-]{1,256}$/;
const maxRecipients = 50;

/** Starts the stand-in on a free loopback port; `verifiedDomain` is the one that mails may come from. */
export async function startSes(verifiedDomain: string): Promise<SesStandIn> {
  const mails: (ReadMail & { tags: Record<string, string> })[] = [];
  const failures: SesFailure[] = [];

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const sent = sendEmailOf(request, await text(request));
    const failure = failures.shift();
    if (failure?.kind === 'hang') {
      return;
    }
    if (failure?.kind === 'refuse') {
      throw new AwsError(failure.status, failure.code, failure.message ?? 'Refused by the test');
    }
    const mail = await readMail(rawMessage(sent));
    if (mail.from?.address?.endsWith(`@${verifiedDomain}`) !== true || !sent.FromEmailAddress?.includes(`@${verifiedDomain}`)) {
      throw new AwsError(400, 'MessageRejected', `Email address is not verified. The following identities failed the check: ${String(mail.from?.address)}`);
    }
    mails.push({ ...mail, tags: Object.fromEntries((sent.EmailTags ?? []).map(({ Name, Value }) => [Name, Value])) });
    if (failure?.kind === 'lose-reply') {
      request.socket.destroy();
      return;
    }
    reply(response, 200, { MessageId: randomUUID() });
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      const { status, code, message } = error instanceof AwsError ? error : new AwsError(500, 'InternalFailure', String(error));
      reply(response, status, { message }, { 'x-amzn-ErrorType': code });
    });
  });
  const { url: endpoint, stop } = await listenOnLoopback(server);
  return { endpoint, mails, failNext: (failure) => void failures.push(failure), stop };
}

function sendEmailOf(request: IncomingMessage, body: string): SendEmail {
  if (!/^AWS4-HMAC-SHA256 Credential=[^/]+\/\d+\/[^/]+\/ses\/aws4_request,/.test(request.headers.authorization ?? '')) {
    throw new AwsError(403, 'MissingAuthenticationTokenException', 'Missing Authentication Token');
  }
  if (request.method !== 'POST' || request.url !== path || request.headers['content-type'] !== 'application/json') {
    throw new AwsError(404, 'UnknownOperationException', `Not SendEmail: ${String(request.method)} ${String(request.url)}`);
  }
  const sent = JSON.parse(body) as SendEmail;
  const bad = (message: string): never => {
    throw new AwsError(400, 'BadRequestException', message);
  };
  const recipients = sent.Destination?.ToAddresses ?? [];
  if (recipients.length === 0 || recipients.length > maxRecipients) bad(`Recipient count must be between 1 and ${maxRecipients}`);
  if (recipients.some((address) => !/^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/.test(address))) bad('Invalid recipient address');
  if (Object.keys(sent.Content ?? {}).length !== 1) bad('Content must have exactly one of Simple, Raw and Template');
  if (sent.EmailTags?.some(({ Name, Value }) => !tagPattern.test(Name) || !tagPattern.test(Value))) bad('Invalid tag');
  return sent;
}

/** A raw message as SES takes it: with the headers that it needs, and no line longer than 1,000 characters. */
function rawMessage({ Content: content }: SendEmail): Buffer {
  const bytes = Buffer.from(content?.Raw?.Data ?? '', 'base64');
  const lines = bytes.toString('latin1').split('\r\n');
  if (bytes.length === 0 || lines.some((line) => line.length > 998) || !lines.some((line) => /^MIME-Version: 1\.0$/i.test(line))) {
    throw new AwsError(400, 'BadRequestException', 'Invalid raw message');
  }
  return bytes;
}

function reply(response: ServerResponse, status: number, body: object, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'Content-Type': 'application/json', 'x-amzn-RequestId': randomUUID(), ...headers }).end(JSON.stringify(body));
}
