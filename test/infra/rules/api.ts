import { after } from '../mutate.js';
import { type Attributes, attributesOf } from '../plan.js';
import { type Check, corsRules, type Rule, same, unless } from '../rule.js';

/** Stage $default, deployed by itself, throttled (the counter more so), logged without addresses. */
const apiIsGuarded: Check = (plan) => {
  const stages = attributesOf(plan, 'aws_apigatewayv2_stage');
  const routes = attributesOf(plan, 'aws_apigatewayv2_route').map(({ route_key: key }) => key as string);
  return [
    ...unless(stages.length === 1 && stages[0]?.['name'] === '$default', 'the stage is not $default alone'),
    ...unless(routes.includes('$default'), 'not every route reaches the function'),
    ...stages.flatMap((stage) => {
      const whole = stage['default_route_settings']?.[0] ?? {};
      const counter = (stage['route_settings'] as Attributes[]).filter(({ route_key: key }) => /\/counter\/?$/.test(key as string));
      const log = String(stage['access_log_settings']?.[0]?.format ?? '');
      return [
        ...unless(stage['auto_deploy'] === true, 'the stage does not deploy by itself'),
        ...unless(whole.throttling_rate_limit > 0 && whole.throttling_burst_limit > 0, 'the API is not throttled'),
        ...unless(
          same(counter.map(({ route_key: key }) => key as string).sort(), ['ANY /counter', 'ANY /counter/']) &&
            counter.every(
              (route) =>
                routes.includes(route['route_key']) && route['throttling_rate_limit'] > 0 && route['throttling_rate_limit'] < whole.throttling_rate_limit,
            ),
          'the counter is not throttled by itself',
        ),
        ...unless(log.includes('$context.requestId') && log.includes('$context.status'), 'requests are not logged'),
        ...unless(!/identity\.|\$context\.path|rawPath|authorizer/.test(log), 'the access log names people'),
      ];
    }),
    ...attributesOf(plan, 'aws_apigatewayv2_api').flatMap(({ cors_configuration: cors }) =>
      unless(!(cors as Attributes[])?.some(({ allow_origins: origins }) => origins.includes('*')), 'pages of any origin may call the API'),
    ),
  ];
};

/** What pages may send and read is that of infra/cors.json, which the local server follows. */
const corsIsShared: Check = (plan) =>
  attributesOf(plan, 'aws_apigatewayv2_api').flatMap(({ cors_configuration: cors }) =>
    (cors as Attributes[]).flatMap((rules) => [
      ...unless(same([...rules['allow_methods']].sort(), [...corsRules.methods].sort()), 'other methods than the local server’s'),
      ...unless(same([...rules['allow_headers']].sort(), [...corsRules.allowedHeaders].sort()), 'other request headers than the local server’s'),
      ...unless(same([...rules['expose_headers']].sort(), [...corsRules.exposedHeaders].sort()), 'other answers’ headers than the local server’s'),
    ]),
  );

export const apiRules: readonly Rule[] = [
  {
    promise: 'The API is throttled, and logged without personal data',
    check: apiIsGuarded,
    mutations: [
      {
        what: 'no throttling',
        change: (plan) => (after(plan, 'aws_apigatewayv2_stage')['default_route_settings'] = []),
        says: /not throttled/,
      },
      {
        what: 'a counter without its own',
        change: (plan) => (after(plan, 'aws_apigatewayv2_stage')['route_settings'] = []),
        says: /counter/,
      },
      { what: 'no access log', change: (plan) => (after(plan, 'aws_apigatewayv2_stage')['access_log_settings'] = []), says: /not logged/ },
      {
        what: 'addresses in the log',
        change: (plan) => (after(plan, 'aws_apigatewayv2_stage')['access_log_settings'][0].format += '$context.identity.sourceIp'),
        says: /names people/,
      },
      {
        what: 'any page may call',
        change: (plan) => (after(plan, 'aws_apigatewayv2_api')['cors_configuration'][0].allow_origins = ['*']),
        says: /any origin/,
      },
    ],
  },
  {
    promise: 'Pages may send and read in production what they may on a laptop',
    check: corsIsShared,
    mutations: [
      {
        what: 'a header that is not exposed',
        change: (plan) => (after(plan, 'aws_apigatewayv2_api')['cors_configuration'][0].expose_headers = ['etag']),
        says: /answers’ headers/,
      },
      {
        what: 'a header that may not be sent',
        change: (plan) => (after(plan, 'aws_apigatewayv2_api')['cors_configuration'][0].allow_headers = ['authorization']),
        says: /request headers/,
      },
      {
        what: 'a method that is not allowed',
        change: (plan) => (after(plan, 'aws_apigatewayv2_api')['cors_configuration'][0].allow_methods = ['GET']),
        says: /methods/,
      },
    ],
  },
];
