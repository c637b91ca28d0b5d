import type { Operation } from './history.js';
import { judge, type Model } from './linearizability.js';

/** The smallest part of a failing history that still fails: without any one of its operations it would not. */
export function minimal(model: Model<any, any, any>, operations: readonly Operation[]): readonly Operation[] {
  let kept = operations;
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < kept.length;) {
      const fewer = [...kept.slice(0, at), ...kept.slice(at + size)];
      if (judge(model, fewer).verdict === 'violation') {
        kept = fewer;
      } else {
        at += size;
      }
    }
  }
  return kept;
}
