import type { Dashboard, Readiness, Service, Todo, User } from '../index.js';
import { shortIds } from './short-ids.js';

/** Todos in a line each, with ids as short as they can be told apart. */
export function todoLines(todos: readonly Todo[]): string {
  const ids = shortIds(todos.map(({ id }) => id));
  return todos.map((todo, index) => todoLine(todo, ids[index] ?? todo.id)).join('\n');
}

/** One todo in a line. */
export function todoLine({ status, title, due, priority, tags }: Todo, id: string): string {
  const box = { open: '[ ]', in_progress: '[-]', done: '[x]' }[status];
  const extra = [due !== null && `due ${due}`, priority !== 'normal' && priority, ...tags.map((tag) => `#${tag}`)].filter(Boolean);
  return `${box} ${id}  ${[title, ...extra].join('  ')}`;
}

/** A todo with all that it has. */
export function todoDetails(todo: Todo): string {
  const { id, status, priority, due, tags, checklist, description, createdAt, updatedAt, completedAt, version } = todo;
  return [
    todo.title,
    ...rows([
      ['id', id],
      ['status', status.replace('_', ' ')],
      ['priority', priority],
      ['due', due],
      ['tags', tags.map((tag) => `#${tag}`).join(' ')],
      ['created', createdAt],
      ['updated', updatedAt],
      ['completed', completedAt],
      ['version', String(version)],
    ]),
    ...checklist.map(({ title, done }) => `  [${done ? 'x' : ' '}] ${title}`),
    ...(description === null ? [] : ['', description]),
  ].join('\n');
}

/** A profile. */
export function userDetails({ name, email, id, timeZone, role, createdAt }: User): string {
  return [
    `${name} <${email}>`,
    ...rows([
      ['id', id],
      ['time zone', timeZone],
      ['role', role],
      ['since', createdAt],
    ]),
  ].join('\n');
}

/** What runs, and whether its stores can be reached. */
export function statusText(service: Service, health: Readiness): string {
  const stores = Object.entries(health.details).map(([name, store]) => `${name} ${store.status}, ${store.responseTimeMs} ms`);
  return [`Duet ${service.version}: ${health.status}`, ...stores].join('\n');
}

/** A dashboard, its counts as bars. */
export function dashboardText({ user, todos, upcoming, recent, degraded }: Dashboard): string {
  const lines = [user === null ? 'Dashboard' : `${user.name} <${user.email}>, ${user.timeZone}`];
  if (todos !== null) {
    const { open, inProgress, done, archived, overdue, overdueCapped, dueToday } = todos;
    lines.push('', ...bars({ open, 'in progress': inProgress, done, archived }));
    lines.push('', `${overdue}${overdueCapped ? ' or more' : ''} overdue, ${dueToday} due today`);
  }
  const section = (title: string, items: readonly Todo[] | null): string[] => (items === null || items.length === 0 ? [] : ['', title, todoLines(items)]);
  lines.push(...section('Next due', upcoming), ...section('Last created', recent));
  if (degraded.length > 0) {
    lines.push('', `Incomplete: ${degraded.join(', ')} cannot be reached`);
  }
  return lines.join('\n');
}

const barWidth = 30;

/** Counts as bars to one scale; what is not zero can be seen. */
function bars(counts: Readonly<Record<string, number>>): string[] {
  const most = Math.max(1, ...Object.values(counts));
  const [names, digits] = [Math.max(...Object.keys(counts).map((name) => name.length)), String(most).length];
  return Object.entries(counts).map(([name, count]) => {
    const length = count === 0 ? 0 : Math.max(1, Math.round((count / most) * barWidth));
    return `${name.padEnd(names)}  ${String(count).padStart(digits)}  ${'█'.repeat(length)}`.trimEnd();
  });
}

function rows(given: readonly (readonly [string, string | null])[]): string[] {
  return given.flatMap(([name, value]) => (value === null || value === '' ? [] : [`  ${name.padEnd(10)} ${value}`]));
}
