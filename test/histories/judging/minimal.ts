import type { Operation } from './history.js';
import { judge, type Model } from './linearizability.js';

/**
 * The fewest operations of a failing history that still fail. What is left out may have happened: it is kept as of unknown outcome while others are tried, so that
 * no failure is made of a write that is missing.
 */
export function minimal(model: Model<any, any, any>, operations: readonly Operation[]): readonly Operation[] {
  let kept = operations;
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < kept.length;) {
      const fewer = new Set([...kept.slice(0, at), ...kept.slice(at + size)]);
      const weaker = operations.map((operation) => (fewer.has(operation) ? operation : { ...operation, answered: Infinity, output: undefined }));
      if (judge(model, weaker).verdict === 'violation') {
        kept = [...fewer];
      } else {
        at += size;
      }
    }
  }
  return kept;
}
