import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { add, after } from '../mutate.js';
import { type Attributes, attributesOf, moduleAt, ofType, type Plan } from '../plan.js';
import { type Check, type Rule, same, unless } from '../rule.js';

const oneOf = (plan: Plan, type: string): Attributes => attributesOf(plan, type)[0] ?? {};

/** The bucket is read by the distribution alone, and the distribution by browsers over TLS. */
const appIsServedSafely: Check = (plan) => {
  const distribution = oneOf(plan, 'aws_cloudfront_distribution');
  const access = oneOf(plan, 'aws_cloudfront_origin_access_control');
  const written = moduleAt(plan, 'web')?.resources ?? [];
  const expressions = (address: string): Attributes => written.find((resource) => resource.address === address)?.expressions ?? {};
  const policy = expressions('aws_s3_bucket_policy.web')['policy']?.references as string[] | undefined;
  return [
    ...['distribution', 'origin_access_control', 'response_headers_policy'].flatMap((type) =>
      unless(ofType(plan, `aws_cloudfront_${type}`).length === 1, `there is not one aws_cloudfront_${type}`),
    ),
    ...unless(access['signing_behavior'] === 'always' && access['signing_protocol'] === 'sigv4', 'requests to the bucket are not signed'),
    ...unless(
      expressions('aws_cloudfront_distribution.web')['origin']?.[0]?.origin_access_control_id?.references?.includes(
        'aws_cloudfront_origin_access_control.web.id',
      ),
      'the distribution comes to the bucket without its control',
    ),
    ...unless(policy?.includes('aws_cloudfront_distribution.web.arn') === true, "the bucket lets in others than the app's distribution"),
    ...unless(distribution['default_cache_behavior']?.[0]?.viewer_protocol_policy === 'redirect-to-https', 'the app is served without TLS'),
    ...unless(
      same((distribution['default_cache_behavior']?.[0]?.allowed_methods as string[] | undefined)?.toSorted(), ['GET', 'HEAD']),
      'the app takes more than reads',
    ),
    ...unless(distribution['viewer_certificate']?.[0]?.minimum_protocol_version === 'TLSv1.2_2021', 'old versions of TLS are taken'),
  ];
};

/** The policy of the page that the local server sends, as it is written there. */
const localPolicy = [
  ...(/'Content-Security-Policy': \[([^\]]+)\]/.exec(readFileSync(resolve('src/local/pages/app-page.ts'), 'utf8'))?.[1] ?? '').matchAll(/"([^"]+)"|'([^']+)'/g),
].map(([, double, single]) => double ?? single ?? '');

/** The local page's policy, under which the tests of the app run, but for where the API is; no header that the bucket could undo. */
const appIsStrict: Check = (plan) => {
  const headers = (oneOf(plan, 'aws_cloudfront_response_headers_policy')['security_headers_config']?.[0] ?? {}) as Record<string, Attributes[]>;
  const policy = String(headers['content_security_policy']?.[0]?.['content_security_policy']).split('; ');
  const expected = localPolicy.map((directive) =>
    directive === "connect-src 'self'" ? `${directive} https://${plan.variables['domain']?.value?.name}` : directive,
  );
  return [
    ...unless(localPolicy.length > 5, "the local server's policy is written in another way"),
    ...expected.filter((directive) => !policy.includes(directive)).map((directive) => `the policy lacks ${directive}`),
    ...policy.filter((directive) => !expected.includes(directive)).map((directive) => `the policy has ${directive}`),
    ...unless(
      Object.values(headers).every((header) => header[0]?.['override'] !== false),
      'the bucket may say otherwise',
    ),
    ...unless(headers['strict_transport_security']?.[0]?.['access_control_max_age_sec'] >= 31_536_000, 'browsers come back without TLS'),
    ...unless(headers['content_type_options']?.length === 1, 'browsers guess types'),
  ];
};

/** The API's CORS takes the app's origin; what its pages may send and read has a rule of its own. */
const appMayCallTheApi: Check = (plan) =>
  unless(
    oneOf(plan, 'aws_apigatewayv2_api')['cors_configuration']?.[0]?.allow_origins?.includes(`https://${plan.variables['web']?.value?.domain?.name}`) === true,
    "the API's CORS leaves out the app",
  );

const editPolicy = (plan: Plan, edit: (policy: string) => string): void => {
  const [header] = after(plan, 'aws_cloudfront_response_headers_policy')['security_headers_config'][0].content_security_policy as Attributes[];
  Object.assign(header ?? {}, { content_security_policy: edit(String(header?.['content_security_policy'])) });
};

export const webRules: readonly Rule[] = [
  {
    promise: 'The app is read from its bucket by CloudFront alone, and from CloudFront over TLS',
    check: appIsServedSafely,
    mutations: [
      { what: 'a second distribution', change: (plan) => add(plan, 'aws_cloudfront_distribution', {}), says: /not one aws_cloudfront_distribution/ },
      {
        what: 'requests that are signed sometimes',
        change: (plan) => (after(plan, 'aws_cloudfront_origin_access_control')['signing_behavior'] = 'never'),
        says: /not signed/,
      },
      {
        what: 'a bucket for all distributions',
        change: (plan) => {
          const policy = moduleAt(plan, 'web')?.resources?.find(({ address }) => address === 'aws_s3_bucket_policy.web');
          Object.assign(policy?.expressions?.['policy'] ?? {}, { references: ['local.bucket_arn'] });
        },
        says: /lets in others/,
      },
      {
        what: 'http',
        change: (plan) => (after(plan, 'aws_cloudfront_distribution')['default_cache_behavior'][0].viewer_protocol_policy = 'allow-all'),
        says: /without TLS/,
      },
    ],
  },
  {
    promise: "The app's pages run its own scripts alone, and call its API alone",
    check: appIsStrict,
    mutations: [
      {
        what: 'inline styles',
        change: (plan) => editPolicy(plan, (policy) => policy.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")),
        says: /lacks style-src 'self'$/,
      },
      {
        what: 'calls to anywhere',
        change: (plan) => editPolicy(plan, (policy) => policy.replace(/connect-src [^;]+/, 'connect-src https:')),
        says: /has connect-src https:/,
      },
      {
        what: 'frames of others',
        change: (plan) => editPolicy(plan, (policy) => policy.replace("; frame-ancestors 'none'", '')),
        says: /lacks frame-ancestors/,
      },
    ],
  },
  {
    promise: "The API's CORS lets in the app",
    check: appMayCallTheApi,
    mutations: [
      {
        what: 'an API for other pages',
        change: (plan) => (after(plan, 'aws_apigatewayv2_api')['cors_configuration'][0].allow_origins = ['https://other.example']),
        says: /leaves out the app/,
      },
    ],
  },
];
