import { type Attributes, ofType, type Plan, type PlannedResource } from './plan.js';

export function after(plan: Plan, type: string, index?: string): Attributes {
  const found = ofType(plan, type).find((resource) => index === undefined || resource.index === index);
  if (found === undefined) {
    throw new Error(`The plan has no ${type} ${index ?? ''}`);
  }
  return found.change.after;
}

export function remove(plan: Plan, test: (resource: PlannedResource) => boolean): void {
  const { length } = plan.resource_changes;
  plan.resource_changes.splice(0, length, ...plan.resource_changes.filter((resource) => !test(resource)));
  if (plan.resource_changes.length === length) {
    throw new Error('The mutation removed nothing');
  }
}

export function add(plan: Plan, type: string, attributes: Attributes): void {
  plan.resource_changes.push({ address: `${type}.added`, type, name: 'added', change: { actions: ['create'], after: attributes, after_unknown: {} } });
}

export function editPolicy(plan: Plan, sid: string, edit: (statement: Attributes) => void): void {
  const holder = ofType(plan, 'aws_iam_role_policy').find(({ name, index }) => name === 'function' && index === 'http')?.change.after;
  const document = JSON.parse(String(holder?.['policy'])) as { Statement: Attributes[] };
  edit(document.Statement.find(({ Sid }) => Sid === sid) ?? {});
  Object.assign(holder ?? {}, { policy: JSON.stringify(document) });
}

export function connectPolicy(plan: Plan, name: string): Attributes {
  return ofType(plan, 'aws_iam_role_policy').find((policy) => policy.name === 'connect' && policy.index === name)?.change.after ?? {};
}

export function editEnvironment(plan: Plan, edit: (variables: Record<string, string>) => void): void {
  edit(plan.output_changes['function_environments']?.after.http);
}
