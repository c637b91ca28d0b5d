import { useState } from 'react';
import type { MirroredTodo } from '../../client/mirror/index.js';
import { useProfile } from '../app/contexts.js';
import { dayOfInstant, plusDays } from '../time/days.js';
import { formatNumber } from '../time/format.js';
import { useNow } from '../time/use-now.js';
import { Button } from '../design/button.js';
import { useTodoActions } from './todo-actions.js';

interface BatchBarProps {
  readonly chosen: readonly MirroredTodo[];
  readonly onAll: () => void;
  readonly onDone: () => void;
}

/** What can be done with all todos that are chosen, together. */
export function BatchBar({ chosen, onAll, onDone }: BatchBarProps) {
  const { timeZone } = useProfile();
  const actions = useTodoActions();
  const [tag, setTag] = useState('');
  const today = dayOfInstant(useNow(), timeZone);
  const count = chosen.length === 1 ? '1 todo' : `${formatNumber(chosen.length)} todos`;
  const none = chosen.length === 0;
  const act = (work: () => void) => (): void => {
    if (!none) {
      work();
      onDone();
    }
  };
  const cleanTag = tag.trim().replace(/^#/, '');
  return (
    <section className="batch" aria-label="Selected todos">
      <p role="status">
        <b>{count} selected</b>
      </p>
      <Button size="small" onClick={onAll}>
        Select all
      </Button>
      <Button size="small" busy={none} onClick={act(() => actions.change(chosen, { status: 'done' }, `${count} done`))}>
        Complete
      </Button>
      <Button size="small" busy={none} onClick={act(() => actions.change(chosen, { due: today }, `${count} due today`))}>
        Due today
      </Button>
      <Button size="small" busy={none} onClick={act(() => actions.change(chosen, { due: plusDays(today, 1) }, `${count} due tomorrow`))}>
        Due tomorrow
      </Button>
      <Button size="small" busy={none} onClick={act(() => actions.change(chosen, { priority: 'high' }, `${count} of high priority`))}>
        High priority
      </Button>
      <form
        className="with-button"
        onSubmit={(event) => {
          event.preventDefault();
          if (cleanTag !== '') {
            act(() => actions.change(chosen, (todo) => ({ tags: [...todo.tags, cleanTag] }), `${count} tagged ${cleanTag}`))();
          }
        }}
      >
        <input
          className="input batch-tag"
          aria-label="Tag to add"
          placeholder="Tag"
          maxLength={50}
          value={tag}
          onChange={(event) => setTag(event.target.value)}
        />
        <Button size="small" type="submit" busy={none || cleanTag === ''}>
          Add tag
        </Button>
      </form>
      <Button size="small" look="danger" busy={none} onClick={act(() => actions.remove(chosen))}>
        Delete
      </Button>
    </section>
  );
}
