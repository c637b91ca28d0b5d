import { type KeyboardEvent, useLayoutEffect, useMemo, useRef, useState } from 'react';
import type { MirroredTodo } from '../../client/mirror/index.js';
import { formatNumber } from '../time/format.js';
import type { Line } from './find-todos.js';
import { TodoRow } from './todo-row.js';
import { useWindow } from './use-window.js';

interface TodoListProps {
  readonly lines: readonly Line[];
  readonly now: Date;
  readonly timeZone: string;
  /** Undefined while nothing is chosen. */
  readonly chosen: ReadonlySet<string> | undefined;
  readonly onComplete: (todo: MirroredTodo, done: boolean) => void;
  readonly onChoose: (todo: MirroredTodo, chosen: boolean) => void;
  readonly onOpen: (todo: MirroredTodo) => void;
  readonly onRemove: (todo: MirroredTodo) => void;
}

/** Heights, in the root's font size. */
const rowHeight = 3.75;
const headingHeight = 3;

const steps: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity };

/**
 * The todos as a grid (https://www.w3.org/WAI/ARIA/apg/patterns/grid/): up and down go from row to row in one column, left and right along a row, Delete
 * deletes. Only the rows near the screen are drawn.
 */
export function TodoList({ lines, chosen, ...rest }: TodoListProps) {
  const list = useRef<HTMLDivElement>(null);
  const tops = useMemo(() => topsOf(lines), [lines]);
  const { from, to } = useWindow(list, tops);
  const [active, setActive] = useState(0);
  /** The control that gets the focus once its row is drawn. */
  const wanted = useRef<string>(undefined);
  const activeLine = nearestTodo(lines, active, 1) ?? nearestTodo(lines, active, -1) ?? 0;

  useLayoutEffect(() => {
    const control =
      wanted.current === undefined ? null : list.current?.querySelector<HTMLElement>(`[data-line="${activeLine}"] [data-control="${wanted.current}"]`);
    if (control) {
      wanted.current = undefined;
      control.focus({ preventScroll: true });
      control.closest('.todo')?.scrollIntoView({ block: 'nearest' });
    }
  });

  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>): void => {
    const control = (event.target as HTMLElement).dataset['control'];
    const row = (event.target as HTMLElement).closest<HTMLElement>('.todo');
    const at = Number(row?.dataset['line']);
    const step = steps[event.key];
    const line = lines[at];
    if (row === null || control === undefined || line === undefined || event.altKey || event.ctrlKey || event.metaKey) {
      return;
    }
    if (step !== undefined) {
      event.preventDefault();
      const goal = Math.min(lines.length - 1, Math.max(0, at + step));
      const next = nearestTodo(lines, goal, step) ?? nearestTodo(lines, goal, -step) ?? at;
      wanted.current = control;
      setActive(next);
      bringIntoView(list.current, tops, next);
    } else if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
      const controls = [...row.querySelectorAll<HTMLElement>('[data-control]')];
      const next = controls[controls.indexOf(event.target as HTMLElement) + (event.key === 'ArrowRight' ? 1 : -1)];
      event.preventDefault();
      next?.focus();
    } else if (event.key === 'Delete' && 'todo' in line) {
      event.preventDefault();
      wanted.current = control;
      rest.onRemove(line.todo);
    }
  };

  return (
    <div
      className="todos"
      role="grid"
      tabIndex={-1}
      aria-label="Todos"
      aria-rowcount={lines.length}
      ref={list}
      style={{ blockSize: `${tops[lines.length] ?? 0}px` }}
      onKeyDown={onKeyDown}
      onFocus={(event) => setActive(Number(event.target.closest<HTMLElement>('.todo')?.dataset['line'] ?? active))}
    >
      {lines.slice(from, to).map((line, offset) => {
        const at = from + offset;
        const top = tops[at] ?? 0;
        if ('heading' in line) {
          return (
            <div
              className="todos-heading"
              role="row"
              aria-rowindex={at + 1}
              key={line.heading}
              data-late={line.late}
              style={{ transform: `translateY(${top}px)` }}
            >
              <span role="rowheader">
                {line.heading} <span className="todos-count">{formatNumber(line.count)}</span>
              </span>
            </div>
          );
        }
        const { todo } = line;
        return <TodoRow {...rest} key={todo.key} todo={todo} line={at} top={top} active={at === activeLine} chosen={chosen?.has(todo.key)} />;
      })}
    </div>
  );
}

function topsOf(lines: readonly Line[]): Float64Array {
  const unit = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  const tops = new Float64Array(lines.length + 1);
  lines.forEach((line, at) => {
    tops[at + 1] = (tops[at] ?? 0) + unit * ('heading' in line ? headingHeight : rowHeight);
  });
  return tops;
}

/** The next line that is a todo, this one included, in the direction of `step`. */
function nearestTodo(lines: readonly Line[], at: number, step: number): number | undefined {
  for (let line = Math.min(at, lines.length - 1); line >= 0 && line < lines.length; line += Math.sign(step)) {
    if ('todo' in (lines[line] as Line)) {
      return line;
    }
  }
  return undefined;
}

/** A row that is far away is not drawn yet, and so cannot be scrolled to by itself. */
function bringIntoView(list: HTMLElement | null, tops: Float64Array, line: number): void {
  const top = (list?.getBoundingClientRect().top ?? 0) + (tops[line] ?? 0);
  if (top < 0 || top > innerHeight) {
    scrollBy(0, top - innerHeight / 2);
  }
}
