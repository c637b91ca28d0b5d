import type { Model } from '../linearizability.js';

export type RecordInput =
  { readonly op: 'create'; readonly value: number } | { readonly op: 'read' } | { readonly op: 'patch'; readonly value: number } | { readonly op: 'delete' };
export interface RecordOutput {
  readonly status: number;
  readonly value?: number;
}

/** A user's one record: made once, changed, deleted, made again. */
export const record: Model<number | null, RecordInput, RecordOutput> = {
  initial: null,
  step: (value, input, output) => {
    const gives = (status: number, after: number | null, shown?: number): number | null | undefined =>
      output === undefined || (output.status === status && (shown === undefined || output.value === shown)) ? after : undefined;
    switch (input.op) {
      case 'create':
        return value === null ? gives(201, input.value, input.value) : gives(409, value);
      case 'read':
        return value === null ? gives(404, null) : gives(200, value, value);
      case 'patch':
        return value === null ? gives(404, null) : gives(200, input.value, input.value);
      case 'delete':
        return value === null ? gives(404, null) : gives(204, null);
    }
  },
  key: String,
};
