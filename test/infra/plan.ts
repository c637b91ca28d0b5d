import type { Graph } from './graph.js';

/** Attributes as `terraform show -json` gives them. */
export type Attributes = Record<string, any>;

/** One resource that the plan makes. */
export interface PlannedResource {
  readonly address: string;
  readonly type: string;
  readonly name: string;
  readonly index?: string | number;
  readonly change: {
    readonly actions: string[];
    /** What is known when planning. */
    readonly after: Attributes;
    /** True in the place of each value that is known only after the apply. */
    readonly after_unknown: Attributes;
  };
}

/** A module as it is written: which expressions refer to what. */
export interface ModuleConfiguration {
  readonly resources?: { readonly address: string; readonly expressions?: Attributes }[];
  readonly module_calls?: Record<string, { readonly module: ModuleConfiguration }>;
}

/** The part of a plan that the rules read: https://developer.hashicorp.com/terraform/internals/json-format#plan-representation */
export interface Plan {
  readonly errored: boolean;
  readonly complete: boolean;
  readonly variables: Record<string, { value?: any }>;
  readonly resource_changes: PlannedResource[];
  readonly output_changes: Record<string, { after?: any; after_unknown?: any }>;
  readonly configuration: { readonly root_module: ModuleConfiguration };
  /** `terraform graph` of the same root, which the JSON leaves out. */
  readonly graph: Graph;
}

/** The planned resources of a type, in the plan's order. */
export function ofType(plan: Plan, type: string): PlannedResource[] {
  return plan.resource_changes.filter((resource) => resource.type === type);
}

/** The attributes of the planned resources of a type. */
export function attributesOf(plan: Plan, type: string): Attributes[] {
  return ofType(plan, type).map(({ change }) => change.after);
}

/** One statement of a policy, its lists made lists. */
export interface Statement {
  readonly address: string;
  readonly sid: string;
  readonly effect: string;
  readonly actions: string[];
  readonly resources: string[];
  readonly source: Attributes;
}

/** The statements in a resource's policy; none when it is not known yet. */
export function statementsOf({ address, change }: PlannedResource, attribute = 'policy'): Statement[] {
  const text: unknown = change.after[attribute];
  if (typeof text !== 'string') {
    return [];
  }
  const list = (value: unknown): string[] => (value === undefined ? [] : ([value].flat() as string[]));
  return (JSON.parse(text) as { Statement: Attributes[] }).Statement.map((source) => ({
    address,
    sid: String(source['Sid'] ?? ''),
    effect: String(source['Effect']),
    actions: list(source['Action']),
    resources: list(source['Resource']),
    source,
  }));
}

/** The module at a path such as `api`. */
export function moduleAt(plan: Plan, path: string): ModuleConfiguration | undefined {
  return path.split('.').reduce<ModuleConfiguration | undefined>((module, name) => module?.module_calls?.[name]?.module, plan.configuration.root_module);
}
