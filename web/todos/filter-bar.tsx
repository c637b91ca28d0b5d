import { Button } from '../design/button.js';
import { Choice } from '../design/field.js';
import { Icon } from '../design/icon.js';
import { firstView, type View } from './find-todos.js';

interface FilterBarProps {
  readonly view: View;
  readonly tags: readonly string[];
  readonly open: boolean;
  readonly choosing: boolean;
  readonly onOpen: (open: boolean) => void;
  readonly onChange: (view: View) => void;
  readonly onChoosing: (choosing: boolean) => void;
}

/** Which todos show, and in which order. */
export function FilterBar({ view, tags, open, choosing, onOpen, onChange, onChoosing }: FilterBarProps) {
  const set = (part: Partial<View>): void => onChange({ ...view, ...part });
  const narrowed = view.show !== firstView.show || view.priority !== 'any' || view.tag !== '';
  return (
    <search className="stack filter">
      <div className="filter-line">
        <label className="search-field">
          <Icon name="search" />
          <input
            className="input"
            type="search"
            aria-label="Search"
            placeholder="Search"
            autoComplete="off"
            value={view.text}
            onChange={(event) => set({ text: event.target.value })}
          />
        </label>
        <Button aria-expanded={open} aria-controls="filters" onClick={() => onOpen(!open)}>
          <Icon name="filter" />
          <span className="filter-label">Filter</span>
          {narrowed && <span className="dot" aria-label="in use" role="img" />}
        </Button>
        <Button aria-pressed={choosing} onClick={() => onChoosing(!choosing)}>
          Select
        </Button>
      </div>
      <div className="filters" id="filters" hidden={!open}>
        <Choice
          label="Show"
          value={view.show}
          options={[
            ['active', 'Active'],
            ['open', 'Open'],
            ['in_progress', 'In progress'],
            ['done', 'Done'],
            ['all', 'All'],
          ]}
          onChoose={(show) => set({ show })}
        />
        <Choice
          label="Priority"
          value={view.priority}
          options={[
            ['any', 'Any'],
            ['high', 'High'],
            ['normal', 'Normal'],
            ['low', 'Low'],
          ]}
          onChoose={(priority) => set({ priority })}
        />
        <Choice label="Tag" value={view.tag} options={[['', 'Any'], ...tags.map((tag) => [tag, tag] as const)]} onChoose={(tag) => set({ tag })} />
        <Choice
          label="Sort by"
          value={view.sort}
          options={[
            ['due', 'Due'],
            ['newest', 'Newest'],
            ['oldest', 'Oldest'],
            ['priority', 'Priority'],
          ]}
          onChoose={(sort) => set({ sort })}
        />
        <div className="filters-foot">
          <label className="row">
            <input className="check" type="checkbox" checked={view.grouped} onChange={(event) => set({ grouped: event.target.checked })} />
            Group by due
          </label>
          <Button size="small" onClick={() => onChange(firstView)}>
            Clear
          </Button>
        </div>
      </div>
    </search>
  );
}
