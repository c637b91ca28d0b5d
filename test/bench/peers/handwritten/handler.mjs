/**
 * The floor of the bench: `GET /counter` and `GET /users/{id}` as a competent person writes them by hand, with nothing between the
 * handler and the clients. The same limits in time, TLS rule and token rules as the service; the same JSON. What it leaves out
 * (validation, problem details, logs, retries of dead connections) is what the service's time may be held against.
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb';
import { jwtVerify } from 'jose';
import pg from 'pg';

const { env } = process;
const isLoopback = /^(localhost|127\..*|::1)$/.test(env.RDS_HOST ?? '');

const dynamodb = DynamoDBDocumentClient.from(
  new DynamoDBClient({
    region: env.AWS_REGION,
    endpoint: env.DYNAMODB_ENDPOINT,
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 700, requestTimeout: 1_000 },
  }),
);

const postgres = new pg.Pool({
  host: env.RDS_HOST,
  port: Number(env.RDS_PORT),
  database: env.RDS_DATABASE,
  user: env.RDS_USERNAME,
  password: env.RDS_PASSWORD,
  ssl: isLoopback ? false : { rejectUnauthorized: true },
  max: 1,
  connectionTimeoutMillis: 1_000,
  statement_timeout: 2_000,
  query_timeout: 2_300,
  keepAlive: true,
});

const signingKey = new TextEncoder().encode(env.JWT_SECRET);

const answer = (statusCode, body, headers = {}) => ({
  statusCode,
  headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
  body: JSON.stringify(body),
});

export const handler = async ({ rawPath, headers, requestContext }) => {
  if (requestContext.http.method !== 'GET') {
    return answer(405, { message: 'Method Not Allowed' }, { allow: 'GET' });
  }
  if (rawPath === '/') {
    return answer(200, { name: 'duet', version: '1.0.0', links: { health: '/health', docs: '/docs', openapi: '/openapi.json' } });
  }
  if (rawPath === '/counter') {
    return readCounter();
  }
  const [, id] = /^\/users\/([\da-f-]{36})$/.exec(rawPath) ?? [];
  return id === undefined ? answer(404, { message: 'Not Found' }) : readUser(id, headers.authorization);
};

async function readCounter() {
  const counterId = 'main_counter';
  const { Item } = await dynamodb.send(new GetCommand({ TableName: env.COUNTERS_TABLE_NAME, Key: { counterId }, ConsistentRead: true }));
  return answer(200, { counterId, visitCount: Item?.visitCount ?? 0, lastUpdated: Item?.lastUpdated ?? null });
}

async function readUser(id, authorization = '') {
  let caller;
  try {
    const { payload } = await jwtVerify(authorization.replace(/^Bearer +/i, ''), signingKey, {
      algorithms: ['HS256'],
      typ: 'JWT',
      issuer: 'duet',
      audience: 'duet',
      requiredClaims: ['sub', 'iat', 'exp'],
      maxTokenAge: 900,
      clockTolerance: 2,
    });
    caller = payload;
  } catch {
    return answer(401, { message: 'Unauthorized' }, { 'www-authenticate': 'Bearer' });
  }
  if (caller.sub !== id && caller.role !== 'admin') {
    return answer(403, { message: 'Forbidden' });
  }
  const { rows } = await postgres.query('SELECT id, email, email_verified, name, time_zone, role, created_at, updated_at, version FROM users WHERE id = $1', [
    id,
  ]);
  const [row] = rows;
  if (row === undefined) {
    return answer(404, { message: 'Not Found' });
  }
  const { email_verified: emailVerified, time_zone: timeZone, created_at: createdAt, updated_at: updatedAt, ...rest } = row;
  return answer(200, { ...rest, emailVerified, timeZone, createdAt, updatedAt }, { etag: `"${row.version}"` });
}
