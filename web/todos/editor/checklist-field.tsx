import { type KeyboardEvent, useRef } from 'react';
import { flushSync } from 'react-dom';
import type { Todo } from '../../../client/index.js';
import { Button } from '../../design/button.js';
import { Icon } from '../../design/icon.js';

interface ChecklistFieldProps {
  readonly items: Todo['checklist'];
  readonly error: string | undefined;
  readonly onChange: (items: Todo['checklist']) => void;
}

/** How many steps a todo may have. */
const most = 50;

/** The steps of a todo: Enter goes on to the next one, which is made where there is none. */
export function ChecklistField({ items, error, onChange }: ChecklistFieldProps) {
  const list = useRef<HTMLUListElement>(null);
  const set = (at: number, part: Partial<Todo['checklist'][number]>): void =>
    onChange(items.map((item, other) => (other === at ? { ...item, ...part } : item)));
  const focusStep = (at: number): void => list.current?.querySelectorAll<HTMLInputElement>('.input')[at]?.focus();
  const setAndFocus = (next: Todo['checklist'], at: number): void => {
    // Drawn at once, so that what is typed next goes into this step, however fast.
    flushSync(() => onChange(next));
    focusStep(at);
  };
  const add = (): void => {
    if (items.length < most) {
      setAndFocus([...items, { title: '', done: false }], items.length);
    }
  };
  const onKeyDown = (at: number) => (event: KeyboardEvent) => {
    if (event.key === 'Enter') {
      event.preventDefault();
      if (at === items.length - 1) {
        add();
      } else {
        focusStep(at + 1);
      }
    }
  };
  return (
    <fieldset className="checklist">
      <legend className="field-label">Checklist</legend>
      <ul className="checklist-steps" ref={list}>
        {items.map((item, at) => (
          // Steps have no name of their own but their place.
          // oxlint-disable-next-line react/no-array-index-key
          <li className="with-button" key={at}>
            <input
              type="checkbox"
              className="check"
              aria-label={`Done: step ${at + 1}`}
              checked={item.done}
              onChange={(event) => set(at, { done: event.target.checked })}
            />
            <input
              className="input"
              aria-label={`Step ${at + 1}`}
              value={item.title}
              onChange={(event) => set(at, { title: event.target.value })}
              onKeyDown={onKeyDown(at)}
            />
            <Button
              look="quiet"
              label={`Remove step ${at + 1}`}
              onClick={() =>
                setAndFocus(
                  items.filter((_, other) => other !== at),
                  Math.max(0, at - 1),
                )
              }
            >
              <Icon name="close" />
            </Button>
          </li>
        ))}
      </ul>
      {error !== undefined && <p className="field-error">{error}</p>}
      {items.length < most && (
        <Button size="small" onClick={add}>
          <Icon name="add" />
          Add a step
        </Button>
      )}
    </fieldset>
  );
}
