import { useCallback, useMemo } from 'react';
import type { MirroredTodo } from '../../client/mirror/index.js';
import { useProfile, useSession, useSnapshot } from '../app/contexts.js';
import { formatDay, formatDue, formatNumber } from '../time/format.js';
import { useNow } from '../time/use-now.js';
import { useRead } from '../app/use-read.js';
import { PageSkeleton } from '../design/skeleton.js';
import { Chart } from './chart.js';
import { activeByPriority, activeByTag, countTodos, doneByDay } from './figures.js';
import './dashboard.css';

/** How many days the chart of what was done shows: four weeks. */
const days = 28;
const mostTags = 8;
/** How many of a list are named. */
const mostNamed = 5;

export default function DashboardPage() {
  const { todos, status } = useSnapshot();
  const { duet } = useSession();
  const { timeZone, name } = useProfile();
  const now = useNow();
  // Only the archive is not in the copy.
  const { value: dashboard } = useRead(useCallback(async (signal) => duet.users.dashboard({ signal }), [duet]));
  const counts = useMemo(() => countTodos(todos, now, timeZone), [todos, now, timeZone]);
  const done = useMemo(
    () => doneByDay(todos, days, now, timeZone).map(({ day, value }) => ({ name: formatDay(day, now, timeZone), value })),
    [todos, now, timeZone],
  );
  const priorities = useMemo(() => activeByPriority(todos), [todos]);
  const tags = useMemo(() => activeByTag(todos, mostTags), [todos]);
  if (status === 'loading' && todos.length === 0) {
    return <PageSkeleton />;
  }
  const archived = dashboard?.todos?.archived;
  return (
    <div className="stack">
      <p className="muted">
        {name},{' '}
        {counts.today.length === 0
          ? 'nothing is due today.'
          : `${counts.today.length === 1 ? '1 todo is' : `${formatNumber(counts.today.length)} todos are`} due today.`}
      </p>
      <dl className="counts">
        <Count name="Open" value={counts.open} />
        <Count name="In progress" value={counts.inProgress} />
        <Count name="Overdue" value={counts.overdue.length} late={counts.overdue.length > 0} />
        <Count name="Done" value={counts.done} />
        <Count name="Archived" value={archived ?? undefined} />
      </dl>
      <div className="lists">
        <Due title="Overdue" todos={counts.overdue} none="Nothing is overdue." />
        <Due title="Today" todos={counts.today} none="Nothing is due today." />
        <Due title="Next" todos={counts.next} none="Nothing is planned." />
      </div>
      <Chart title="Done a day, last four weeks" of="Day" figures={done} as="columns" />
      <div className="lists">
        <Chart title="Active by priority" of="Priority" figures={priorities} as="bars" />
        <Chart title="Active by tag" of="Tag" figures={tags} as="bars" />
      </div>
    </div>
  );
}

function Count({ name, value, late = false }: { name: string; value: number | undefined; late?: boolean }) {
  return (
    <div className="count" data-late={late}>
      <dt>{name}</dt>
      <dd>{value === undefined ? '–' : formatNumber(value)}</dd>
    </div>
  );
}

function Due({ title, todos, none }: { title: string; todos: readonly MirroredTodo[]; none: string }) {
  const { timeZone } = useProfile();
  const now = useNow();
  return (
    <section className="card stack" aria-label={title}>
      <h2>{title}</h2>
      {todos.length === 0 ? (
        <p className="muted">{none}</p>
      ) : (
        <ul className="due-list">
          {todos.slice(0, mostNamed).map((todo) => (
            <li key={todo.key}>
              <span className="due-title">{todo.title}</span>
              <span className="muted small">{todo.due !== null && formatDue(todo.due, now, timeZone)}</span>
            </li>
          ))}
        </ul>
      )}
      {todos.length > mostNamed && (
        <p>
          <a href="#/todos">And {formatNumber(todos.length - mostNamed)} more</a>
        </p>
      )}
    </section>
  );
}
