import { after, editPolicy } from '../mutate.js';
import { type Attributes, attributesOf, type Plan } from '../plan.js';
import { type Check, policies, type Rule, same, unless } from '../rule.js';

const domainOf = (plan: Plan): string => String(plan.variables['mail']?.value?.domain);

/** Each mail is signed, crosses the network with TLS only, and is counted when it bounces or is complained about. */
const mailIsSafe: Check = (plan, { name: environment }) => {
  const set = `duet-${environment}-mail`;
  const [identity] = attributesOf(plan, 'aws_sesv2_email_identity');
  const [configuration] = attributesOf(plan, 'aws_sesv2_configuration_set');
  const [destination] = attributesOf(plan, 'aws_sesv2_configuration_set_event_destination').flatMap(({ event_destination: list }) => list as Attributes[]);
  const events = (destination?.['matching_event_types'] ?? []) as string[];
  return [
    ...unless(identity?.['email_identity'] === domainOf(plan), 'mail comes from another domain'),
    ...unless(identity?.['configuration_set_name'] === set, 'mails are in no configuration set'),
    ...unless(identity?.['dkim_signing_attributes']?.[0]?.next_signing_key_length === 'RSA_2048_BIT', 'mails are signed with a short key'),
    ...unless(configuration?.['delivery_options']?.[0]?.tls_policy === 'REQUIRE', 'mails cross the network in clear'),
    ...unless(same(configuration?.['suppression_options']?.[0]?.suppressed_reasons?.toSorted(), ['BOUNCE', 'COMPLAINT']), 'mails go on to where they bounce'),
    ...unless(destination?.['enabled'] === true && ['BOUNCE', 'COMPLAINT'].every((event) => events.includes(event)), 'bounces and complaints are not counted'),
    ...['Bounce', 'Complaint'].flatMap((metric) =>
      unless(
        attributesOf(plan, 'aws_cloudwatch_metric_alarm').some(
          (alarm) => alarm['namespace'] === 'AWS/SES' && alarm['metric_name'] === metric && alarm['dimensions']?.['ses:configuration-set'] === set,
        ),
        `no alarm on ${metric}`,
      ),
    ),
  ];
};

/** The worker of the outbox sends, and no function that a request can make do so. */
const outboxAloneSends: Check = (plan) =>
  policies(plan)
    .filter(({ actions }) => actions.some((action) => action.startsWith('ses:')))
    .flatMap(({ address }) => unless(address.endsWith('.function["outbox"]'), `${address} may send mail`));

export const mailRules: readonly Rule[] = [
  {
    promise: 'Mail is signed, encrypted on its way, and watched for bounces and complaints',
    check: mailIsSafe,
    mutations: [
      {
        what: 'mail that goes over connections without TLS',
        change: (plan) => (after(plan, 'aws_sesv2_configuration_set')['delivery_options'][0].tls_policy = 'OPTIONAL'),
        says: /in clear/,
      },
      {
        what: 'an identity without the configuration set',
        change: (plan) => (after(plan, 'aws_sesv2_email_identity')['configuration_set_name'] = null),
        says: /in no configuration set/,
      },
      {
        what: 'bounces that are not counted',
        change: (plan) => (after(plan, 'aws_sesv2_configuration_set_event_destination')['event_destination'][0].matching_event_types = ['SEND']),
        says: /not counted/,
      },
      {
        what: 'no alarm for complaints',
        change: (plan) => (after(plan, 'aws_cloudwatch_metric_alarm', 'mail-complaints')['metric_name'] = 'Delivery'),
        says: /no alarm on Complaint/,
      },
    ],
  },
  {
    promise: 'Only the outbox sends mail',
    check: outboxAloneSends,
    mutations: [
      {
        what: 'requests that can send',
        change: (plan) => editPolicy(plan, 'SigningKey', (statement) => (statement['Action'] = ['ses:SendEmail'])),
        says: /function\["http"\] may send mail/,
      },
    ],
  },
];
