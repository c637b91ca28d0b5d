import { type FormEvent, useState } from 'react';
import type { Todo, TodoPatch } from '../../../client/index.js';
import type { MirroredTodo } from '../../../client/mirror/index.js';
import { useProfile, useSession } from '../../app/contexts.js';
import { dayOf, instantOf, timeOf } from '../../time/days.js';
import { formatInstant, lengthOf } from '../../time/format.js';
import { Button } from '../../design/button.js';
import { Dialog } from '../../design/dialog.js';
import { Choice, TextArea, TextField } from '../../design/field.js';
import { ChecklistField } from './checklist-field.js';
import { linksIn } from './links.js';

interface TodoEditorProps {
  readonly todo: MirroredTodo;
  readonly knownTags: readonly string[];
  readonly onClose: () => void;
  readonly onRemove: (todo: MirroredTodo) => void;
}

/** What a person has in the fields. */
interface Draft {
  readonly title: string;
  readonly status: Todo['status'];
  readonly priority: Todo['priority'];
  readonly day: string;
  readonly time: string;
  readonly tags: string;
  readonly checklist: Todo['checklist'];
  readonly description: string;
}

function draftOf({ title, status, priority, due, tags, checklist, description }: Todo, timeZone: string): Draft {
  const [day, time] = due === null ? ['', ''] : [dayOf(due, timeZone), timeOf(due, timeZone)];
  return { title, status, priority, day, time, tags: tags.join(', '), checklist, description: description ?? '' };
}

function tagsIn(text: string): string[] {
  const tags = text.split(/[,\n]/).map((tag) => tag.trim().replace(/^#/, ''));
  return [...new Set(tags.filter((tag) => tag !== ''))];
}

/** What of the todo the draft changes: only that is written, so that two people who change different things do not meet. */
function patchOf(before: Draft, draft: Draft, timeZone: string): TodoPatch {
  const { title, status, priority, day, time, tags, checklist, description } = draft;
  const due = day === '' ? null : time === '' ? day : instantOf(day, time, timeZone);
  return {
    ...(title.trim() !== before.title && { title: title.trim() }),
    ...(status !== before.status && { status }),
    ...(priority !== before.priority && { priority }),
    ...((day !== before.day || time !== before.time) && { due }),
    ...(tags !== before.tags && { tags: tagsIn(tags) }),
    ...(checklist !== before.checklist && { checklist: checklist.filter((item) => item.title.trim() !== '') }),
    ...(description !== before.description && { description: description === '' ? null : description }),
  };
}

/** By field, what the service would refuse. Lengths count code points, as there. */
function mistakesIn({ title, tags, checklist, description, day, time }: Draft): Readonly<Record<string, string>> {
  const tagList = tagsIn(tags);
  return {
    ...(title.trim() === '' && { title: 'A title is missing.' }),
    ...(lengthOf(title.trim()) > 200 && { title: 'At most 200 characters.' }),
    ...(lengthOf(description) > 10_000 && { description: 'At most 10,000 characters.' }),
    ...(tagList.length > 20 && { tags: 'At most 20 tags.' }),
    ...(tagList.some((tag) => lengthOf(tag) > 50) && { tags: 'A tag has at most 50 characters.' }),
    ...(checklist.some((item) => lengthOf(item.title) > 200) && { checklist: 'A step has at most 200 characters.' }),
    ...(day === '' && time !== '' && { day: 'A time needs a day.' }),
  };
}

/** Everything of one todo. */
export default function TodoEditor({ todo, knownTags, onClose, onRemove }: TodoEditorProps) {
  const { mirror } = useSession();
  const { timeZone } = useProfile();
  const [before] = useState(() => draftOf(todo, timeZone));
  const [draft, setDraft] = useState(before);
  const [tried, setTried] = useState(false);
  const set = (part: Partial<Draft>): void => setDraft({ ...draft, ...part });
  const mistakes = mistakesIn(draft);
  const error = (field: string): string | undefined => (tried ? mistakes[field] : undefined);
  const links = linksIn(draft.description);
  const save = (event: FormEvent): void => {
    event.preventDefault();
    setTried(true);
    if (Object.keys(mistakes).length === 0) {
      const patch = patchOf(before, draft, timeZone);
      if (Object.keys(patch).length > 0) {
        mirror.patch(todo.id, patch);
      }
      onClose();
    }
  };
  return (
    <Dialog title="Edit todo" place="side" onClose={onClose}>
      <form className="stack" noValidate onSubmit={save}>
        <TextField label="Title" value={draft.title} required error={error('title')} onChange={(event) => set({ title: event.target.value })} />
        <div className="pair">
          <Choice
            label="Status"
            value={draft.status}
            options={[
              ['open', 'Open'],
              ['in_progress', 'In progress'],
              ['done', 'Done'],
            ]}
            onChoose={(status) => set({ status })}
          />
          <Choice
            label="Priority"
            value={draft.priority}
            options={[
              ['low', 'Low'],
              ['normal', 'Normal'],
              ['high', 'High'],
            ]}
            onChoose={(priority) => set({ priority })}
          />
        </div>
        <div className="pair">
          <TextField
            label="Due"
            type="date"
            value={draft.day}
            error={error('day')}
            onChange={(event) => set({ day: event.target.value, ...(event.target.value === '' && { time: '' }) })}
          />
          <TextField label="Time" type="time" value={draft.time} onChange={(event) => set({ time: event.target.value })} />
        </div>
        <TextField
          label="Tags"
          value={draft.tags}
          error={error('tags')}
          hint={knownTags.length === 0 ? 'With commas between them.' : `With commas between them. In use: ${knownTags.slice(0, 8).join(', ')}`}
          onChange={(event) => set({ tags: event.target.value })}
        />
        <ChecklistField items={draft.checklist} error={error('checklist')} onChange={(checklist) => set({ checklist })} />
        <TextArea label="Description" value={draft.description} error={error('description')} onChange={(event) => set({ description: event.target.value })} />
        {links.length > 0 && (
          <ul className="links" aria-label="Links in the description">
            {links.map((link) => (
              <li key={link}>
                <a href={link} target="_blank" rel="noopener noreferrer">
                  {link}
                </a>
              </li>
            ))}
          </ul>
        )}
        <p className="muted small">
          Made {formatInstant(todo.createdAt, timeZone)}
          {todo.completedAt !== null && `, done ${formatInstant(todo.completedAt, timeZone)}`}
        </p>
        <div className="dialog-foot">
          <Button
            look="danger"
            onClick={() => {
              onClose();
              onRemove(todo);
            }}
          >
            Delete
          </Button>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="main">
            Save
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
