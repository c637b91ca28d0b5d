import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Attributes, moduleAt, ofType, type Plan, type Statement, statementsOf } from './plan.js';

/** What a check knows besides the plan. */
export interface Environment {
  readonly name: 'dev' | 'prod';
}

/** Lists what is wrong with a plan; empty when nothing is. */
export type Check = (plan: Plan, environment: Environment) => string[];

/** A fault put into a sound plan of prod, and what the check must say then. */
export interface Mutation {
  readonly what: string;
  readonly change: (plan: Plan) => void;
  readonly says: RegExp;
}

/** A promise about the infrastructure, its check, and at least one fault that the check finds. */
export interface Rule {
  readonly promise: string;
  readonly check: Check;
  readonly mutations: readonly [Mutation, ...Mutation[]];
}

interface TableDefinition {
  readonly variable: string;
  readonly partitionKey: string;
  readonly sortKey?: string;
  readonly localIndexes?: Record<string, { sortKey: string; projection: string }>;
  readonly ttl?: string;
  readonly stream?: string;
  readonly tableClass: string;
}

/** The tables as infra/tables.json defines them, by key. */
export const tableDefinitions = Object.entries(JSON.parse(readFileSync(resolve('infra/tables.json'), 'utf8')) as Record<string, TableDefinition>);

/** What pages may send and read, as infra/cors.json has it. */
export const corsRules = JSON.parse(readFileSync(resolve('infra/cors.json'), 'utf8')) as Record<'methods' | 'allowedHeaders' | 'exposedHeaders', string[]>;

export const functionNames = ['http', 'migrate', 'outbox', 'stream'] as const;

export const kebab = (text: string): string => text.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
export const unless = (holds: boolean, problem: string): string[] => (holds ? [] : [problem]);
export const same = (left: unknown, right: unknown): boolean => JSON.stringify(left) === JSON.stringify(right);

/** Every statement of every role's own policy that is known when planning. */
export const policies = (plan: Plan): Statement[] => ofType(plan, 'aws_iam_role_policy').flatMap((resource) => statementsOf(resource));

/** A resource of the api module as it is written, for what the plan shows only as unknown. */
export function functionConfiguration(plan: Plan, address = 'aws_lambda_function.this'): Attributes | undefined {
  return moduleAt(plan, 'api')?.resources?.find((resource) => resource.address === address)?.expressions;
}
