import { useCallback, useState } from 'react';
import type { Todo } from '../../client/index.js';
import { useProfile, useSession } from '../app/contexts.js';
import { formatInstant } from '../time/format.js';
import { useAction } from '../app/use-action.js';
import { useRead } from '../app/use-read.js';
import { Button } from '../design/button.js';
import { PageSkeleton } from '../design/skeleton.js';
import { showToast } from '../design/toasts.js';
import './archive.css';

/** How many are fetched at a time. */
const pageSize = 50;

interface Shelf {
  readonly todos: readonly Todo[];
  readonly nextCursor: string | null;
}

/** Done todos of long ago. They are not part of the copy, and so need a connection. */
export default function ArchivePage() {
  const { duet, mirror } = useSession();
  const { timeZone } = useProfile();
  /** The todo whose deletion asks to be confirmed. */
  const [asked, setAsked] = useState<string>();
  const fetchPage = useCallback(
    async (cursor?: string, signal?: AbortSignal) => {
      const { value } = await duet.todos.list({ archived: 'true', limit: pageSize }, { signal }).pages(cursor).next();
      return { todos: value?.items ?? [], nextCursor: value?.nextCursor ?? null };
    },
    [duet],
  );
  const { value, failure, set, reload } = useRead<Shelf>(useCallback(async (signal) => fetchPage(undefined, signal), [fetchPage]));
  const without = (gone: Todo): void => value && set({ ...value, todos: value.todos.filter(({ id }) => id !== gone.id) });
  const more = useAction(async () => {
    if (value?.nextCursor) {
      const { todos, nextCursor } = await fetchPage(value.nextCursor);
      set({ todos: [...value.todos, ...todos], nextCursor });
    }
  });
  const change = useAction(async (todo: Todo, what: 'restore' | 'delete') => {
    await (what === 'restore' ? duet.todos.update(todo, { status: 'open' }) : duet.todos.delete(todo));
    without(todo);
    setAsked(undefined);
    showToast({ text: what === 'restore' ? `Back in your todos: ${todo.title}` : `Deleted for good: ${todo.title}` });
    await mirror.refresh();
  });
  const problem = failure ?? more.failure?.message ?? change.failure?.message;
  return (
    <div className="stack">
      <p className="muted">Todos that were done long ago are kept here. They no longer count, and can be brought back.</p>
      {problem !== undefined && (
        <div className="notice" data-tone="problem" role="alert">
          <p>{problem}</p>
          <Button onClick={reload}>Try again</Button>
        </div>
      )}
      {value === undefined && failure === undefined && <PageSkeleton />}
      {value?.todos.length === 0 && value.nextCursor === null && <p className="archive-empty muted">Nothing is archived yet.</p>}
      {value !== undefined && value.todos.length > 0 && (
        <ul className="archive" aria-label="Archived todos">
          {value.todos.map((todo) => (
            <li key={todo.id}>
              <span className="archive-title">
                <b>{todo.title}</b>
                <span className="muted small">{todo.completedAt !== null && `Done ${formatInstant(todo.completedAt, timeZone)}`}</span>
              </span>
              <Button size="small" busy={change.busy} aria-label={`Bring back ${todo.title}`} onClick={() => void change.run(todo, 'restore')}>
                Bring back
              </Button>
              {asked === todo.id ? (
                <Button
                  size="small"
                  look="danger"
                  busy={change.busy}
                  aria-label={`Delete ${todo.title} for good`}
                  autoFocus
                  onClick={() => void change.run(todo, 'delete')}
                >
                  Delete for good
                </Button>
              ) : (
                <Button size="small" look="quiet" aria-label={`Delete ${todo.title}`} onClick={() => setAsked(todo.id)}>
                  Delete
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
      {value?.nextCursor != null && (
        <p>
          <Button busy={more.busy} onClick={() => void more.run()}>
            Show more
          </Button>
        </p>
      )}
    </div>
  );
}
