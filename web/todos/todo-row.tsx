import { memo } from 'react';
import type { MirroredTodo } from '../../client/mirror/index.js';
import { calendarAt } from '../time/days.js';
import { formatDue } from '../time/format.js';
import { Button } from '../design/button.js';
import { Icon } from '../design/icon.js';

interface TodoRowProps {
  readonly todo: MirroredTodo;
  /** Which row it is, headings counted. */
  readonly line: number;
  readonly top: number;
  /** Whether its controls are in the order of the Tab key. */
  readonly active: boolean;
  /** Undefined while nothing is chosen. */
  readonly chosen: boolean | undefined;
  readonly now: Date;
  readonly timeZone: string;
  readonly onComplete: (todo: MirroredTodo, done: boolean) => void;
  readonly onChoose: (todo: MirroredTodo, chosen: boolean) => void;
  readonly onOpen: (todo: MirroredTodo) => void;
  readonly onRemove: (todo: MirroredTodo) => void;
}

/** One todo in the list. Drawn again only when something of it has changed: ten thousand of them scroll by. */
export const TodoRow = memo(function TodoRow(props: TodoRowProps) {
  const { todo, line, top, active, chosen, now, timeZone, onComplete, onChoose, onOpen, onRemove } = props;
  const done = todo.status === 'done';
  const tabIndex = active ? 0 : -1;
  return (
    <div className="todo" role="row" aria-rowindex={line + 1} data-line={line} data-done={done} style={{ transform: `translateY(${top}px)` }}>
      {chosen !== undefined && (
        <span role="gridcell">
          <input
            type="checkbox"
            className="check"
            data-control="choose"
            tabIndex={tabIndex}
            checked={chosen}
            aria-label={`Choose ${todo.title}`}
            onChange={(event) => onChoose(todo, event.target.checked)}
          />
        </span>
      )}
      <span role="gridcell">
        <input
          type="checkbox"
          className="tick"
          data-control="tick"
          data-priority={todo.priority}
          tabIndex={tabIndex}
          checked={done}
          aria-label={`Done: ${todo.title}`}
          onChange={(event) => onComplete(todo, event.target.checked)}
        />
      </span>
      <span role="gridcell" className="todo-cell">
        <button type="button" className="todo-open" data-control="open" tabIndex={tabIndex} onClick={() => onOpen(todo)}>
          <span className="todo-title">{todo.title}</span>
          <Details todo={todo} now={now} timeZone={timeZone} />
        </button>
      </span>
      <span role="gridcell">
        <Button look="quiet" label={`Delete ${todo.title}`} data-control="delete" tabIndex={tabIndex} onClick={() => onRemove(todo)}>
          <Icon name="trash" />
        </Button>
      </span>
    </div>
  );
});

function Details({ todo, now, timeZone }: { todo: MirroredTodo; now: Date; timeZone: string }) {
  const { due, priority, tags, checklist, status, pending } = todo;
  const late = due !== null && status !== 'done' && calendarAt(now, timeZone).isPast(due);
  const ticked = checklist.filter(({ done }) => done).length;
  if (due === null && priority === 'normal' && tags.length === 0 && checklist.length === 0 && status !== 'in_progress' && !pending) {
    return null;
  }
  return (
    <span className="todo-details">
      {due !== null && (
        <span className="detail" data-tone={late ? 'late' : undefined}>
          <Icon name="calendar" />
          {late && <span className="visually-hidden">Overdue: </span>}
          {formatDue(due, now, timeZone)}
        </span>
      )}
      {priority !== 'normal' && (
        <span className="detail" data-tone={priority}>
          <Icon name="flag" />
          {priority === 'high' ? 'High' : 'Low'}
        </span>
      )}
      {status === 'in_progress' && (
        <span className="detail" data-tone="progress">
          In progress
        </span>
      )}
      {checklist.length > 0 && (
        <span className="detail">
          <Icon name="checklist" />
          <span className="visually-hidden">Checklist </span>
          {ticked}/{checklist.length}
        </span>
      )}
      {tags.map((tag) => (
        <span className="detail" key={tag}>
          #{tag}
        </span>
      ))}
      {pending && <span className="detail waits">Not sent yet</span>}
    </span>
  );
}
