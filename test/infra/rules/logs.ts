import { after, remove } from '../mutate.js';
import { attributesOf } from '../plan.js';
import { type Check, type Rule, functionNames, unless } from '../rule.js';

/** Every log ends some day, and each function, the API and the database write to one that Terraform made. */
const logsAreRetained: Check = (plan, { name: environment }) => {
  const groups = attributesOf(plan, 'aws_cloudwatch_log_group');
  const prefix = `duet-${environment}`;
  const expected = [
    ...functionNames.map((name) => `/aws/lambda/${prefix}-${name}`),
    `/aws/vendedlogs/${prefix}-http-access`,
    `/aws/rds/instance/${prefix}-postgres/postgresql`,
    `/aws/rds/instance/${prefix}-postgres/upgrade`,
    `/aws/rds/proxy/${prefix}-proxy`,
  ];
  return [
    ...groups.flatMap((group) => unless(group['retention_in_days'] > 0, `${group['name']} is kept for ever`)),
    ...expected.flatMap((name) =>
      unless(
        groups.some((group) => group['name'] === name),
        `${name} would be made by AWS, and kept for ever`,
      ),
    ),
  ];
};

export const logRules: readonly Rule[] = [
  {
    promise: 'Each log group is made by Terraform and has an end',
    check: logsAreRetained,
    mutations: [
      { what: 'a log for ever', change: (plan) => (after(plan, 'aws_cloudwatch_log_group')['retention_in_days'] = 0), says: /for ever/ },
      {
        what: 'a function without a log group',
        change: (plan) => remove(plan, ({ change }) => change.after['name'] === '/aws/lambda/duet-prod-stream'),
        says: /made by AWS/,
      },
    ],
  },
];
