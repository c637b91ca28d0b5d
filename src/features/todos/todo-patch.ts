import type { TodoPatch } from './todos.schemas.js';
import { nextTodo, type Todo } from './todos.js';

/**
 * The todo with a merge patch applied: what it leaves out stays; null empties tags and checklist. An empty patch asks for nothing: the same
 * todo, no new version.
 */
export function patchedTodo(todo: Todo, { tags, checklist, ...rest }: TodoPatch): Todo {
  const content = { ...rest, ...(tags !== undefined && { tags: tags ?? [] }), ...(checklist !== undefined && { checklist: checklist ?? [] }) };
  const given = Object.fromEntries(Object.entries(content).filter(([, value]) => value !== undefined));
  return Object.keys(given).length === 0 ? todo : nextTodo(todo, given, new Date().toISOString());
}
