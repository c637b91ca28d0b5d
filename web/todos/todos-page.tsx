import { Suspense, useCallback, useDeferredValue, useMemo, useState } from 'react';
import type { MirroredTodo } from '../../client/mirror/index.js';
import { lazyAhead } from '../app/ahead.js';
import { useProfile, useSnapshot } from '../app/contexts.js';
import { formatNumber } from '../time/format.js';
import { useNow } from '../time/use-now.js';
import { Button } from '../design/button.js';
import { PageSkeleton } from '../design/skeleton.js';
import { AddLine } from './add-line.js';
import { BatchBar } from './batch-bar.js';
import { FilterBar } from './filter-bar.js';
import { filterTodos, firstView, linesOf, sortTodos, tagsOf } from './find-todos.js';
import { useLeaving, useTodoActions } from './todo-actions.js';
import { TodoList } from './todo-list.js';
import './todos.css';

const TodoEditor = lazyAhead(async () => import('./editor/todo-editor.js'));

export default function TodosPage() {
  const { todos, status } = useSnapshot();
  const { timeZone } = useProfile();
  const now = useNow();
  const leaving = useLeaving();
  const actions = useTodoActions();
  const [view, setView] = useState(firstView);
  const [filtersOpen, setFiltersOpen] = useState(false);
  const [chosen, setChosen] = useState<ReadonlySet<string>>();
  const [open, setOpen] = useState<MirroredTodo>();

  // The list may lag behind the keys that are pressed in the search field; the field does not.
  const wanted = useDeferredValue(view);
  const kept = useMemo(() => todos.filter(({ key }) => !leaving.has(key)), [todos, leaving]);
  const sorted = useMemo(() => sortTodos(kept, wanted.sort), [kept, wanted.sort]);
  const found = useMemo(() => filterTodos(sorted, wanted), [sorted, wanted]);
  const lines = useMemo(() => linesOf(found, wanted, now, timeZone), [found, wanted, now, timeZone]);
  const tags = useMemo(() => tagsOf(kept), [kept]);
  const choose = useCallback((todo: MirroredTodo, isChosen: boolean) => {
    setChosen((last) => {
      const next = new Set(last);
      if (isChosen) {
        next.add(todo.key);
      } else {
        next.delete(todo.key);
      }
      return next;
    });
  }, []);
  const remove = useCallback((todo: MirroredTodo) => actions.remove([todo]), [actions]);

  return (
    <div className="stack">
      <AddLine />
      <FilterBar
        view={view}
        tags={tags}
        open={filtersOpen}
        choosing={chosen !== undefined}
        onOpen={setFiltersOpen}
        onChange={setView}
        onChoosing={(choosing) => setChosen(choosing ? new Set() : undefined)}
      />
      {chosen !== undefined && (
        <BatchBar
          chosen={found.filter(({ key }) => chosen.has(key))}
          onAll={() => setChosen(new Set(found.map(({ key }) => key)))}
          onDone={() => setChosen(undefined)}
        />
      )}
      {status === 'loading' && kept.length === 0 ? (
        <PageSkeleton />
      ) : (
        <>
          <p className={wanted.text === '' ? 'visually-hidden' : 'muted small'} role="status">
            {formatNumber(found.length)} {found.length === 1 ? 'todo' : 'todos'}
          </p>
          {found.length === 0 ? (
            <Empty total={kept.length} onClear={() => setView({ ...firstView, show: 'all' })} />
          ) : (
            <TodoList
              lines={lines}
              now={now}
              timeZone={timeZone}
              chosen={chosen}
              onComplete={actions.complete}
              onChoose={choose}
              onOpen={setOpen}
              onRemove={remove}
            />
          )}
        </>
      )}
      {open !== undefined && (
        <Suspense>
          <TodoEditor todo={open} knownTags={tags} onClose={() => setOpen(undefined)} onRemove={remove} />
        </Suspense>
      )}
    </div>
  );
}

function Empty({ total, onClear }: { total: number; onClear: () => void }) {
  return (
    <div className="empty">
      <p className="empty-title">{total === 0 ? 'Nothing to do yet' : 'Nothing here'}</p>
      {total === 0 ? (
        <p className="muted">Write your first todo above and press Enter. It is kept on this device, and sent when there is a connection.</p>
      ) : (
        <>
          <p className="muted">No active todo is left, or none is as you look for it.</p>
          <Button onClick={onClear}>Show all {formatNumber(total)}</Button>
        </>
      )}
    </div>
  );
}
