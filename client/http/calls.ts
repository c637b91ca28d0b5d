import type { Client } from 'openapi-fetch';
import { DuetProblemError } from './errors.js';
import type { paths } from '../schema.js';
import type { CreateOptions } from '../types.js';

/** Every operation of the contract, typed by it. */
export type Api = Client<paths>;

/** The result of a call; errors were thrown on the way. */
export async function resultOf<T>(call: Promise<{ data?: T }>): Promise<T> {
  return (await call).data as T;
}

/** The headers of a creation. */
export function keyed({ idempotencyKey = crypto.randomUUID() }: CreateOptions): { 'Idempotency-Key': string } {
  return { 'Idempotency-Key': idempotencyKey };
}

/** What the service keeps versions of: its `ETag` is the version in quotes. */
export interface Versioned {
  readonly version: number;
}

/** The headers of a write that holds only for this version. */
export function ifMatch({ version }: Versioned): { 'If-Match': string } {
  return { 'If-Match': `"${version}"` };
}

/** Runs a deletion; that the second attempt finds nothing, when the first one's answer was lost, is what was wanted. */
export async function gone(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof DuetProblemError && error.status === 404 && error.uncertain)) {
      throw error;
    }
  }
}

const kept = new Set(['version', 'updatedAt', 'completedAt']);

/**
 * Runs a write under `If-Match`. When its answer was lost and its repetition is refused as stale, the reason may be the write itself: then
 * the present version is the very next one, holds all that was `wanted`, and is else as `base` was. Any other 412 is thrown.
 */
export async function ownWrite<T extends Versioned>(base: T, wanted: object, write: Promise<T>, read: () => Promise<T>): Promise<T> {
  try {
    return await write;
  } catch (error) {
    if (!(error instanceof DuetProblemError && error.code === 'version.stale' && error.uncertain)) {
      throw error;
    }
    const present = await read();
    const untouched = Object.fromEntries(Object.entries(base).filter(([name]) => !kept.has(name) && !Object.hasOwn(wanted, name)));
    if (present.version !== base.version + 1 || !covers(present, { ...untouched, ...wanted })) {
      throw error;
    }
    return present;
  }
}

/** Whether `present` holds all that `wanted` names; null is as good as an empty list, and what `wanted` leaves out is open. */
export function covers(present: unknown, wanted: unknown): boolean {
  if (wanted === undefined || Object.is(present, wanted)) {
    return true;
  }
  if (Array.isArray(present)) {
    const items: unknown[] = Array.isArray(wanted) ? wanted : [];
    return (wanted === null || Array.isArray(wanted)) && present.length === items.length && items.every((item, at) => covers(present[at], item));
  }
  if (typeof present !== 'object' || typeof wanted !== 'object' || present === null || wanted === null) {
    return false;
  }
  return Object.entries(wanted).every(([name, value]) => covers((present as Record<string, unknown>)[name], value));
}
