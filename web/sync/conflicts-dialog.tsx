import type { Todo, TodoPatch } from '../../client/index.js';
import type { Conflict } from '../../client/mirror/index.js';
import { useProfile, useSession, useSnapshot } from '../app/contexts.js';
import { Button } from '../design/button.js';
import { Dialog } from '../design/dialog.js';
import { fieldNames, say } from './say-field.js';

/** Each conflict with both versions side by side, and the choice. */
export default function ConflictsDialog({ onClose }: { onClose: () => void }) {
  const { conflicts } = useSnapshot();
  return (
    <Dialog title="Changed here and elsewhere" onClose={onClose}>
      {conflicts.map((conflict) => (
        <Choose key={conflict.id} conflict={conflict} />
      ))}
    </Dialog>
  );
}

function Choose({ conflict: { id, mine, base, theirs } }: { conflict: Conflict }) {
  const { mirror } = useSession();
  const { timeZone } = useProfile();
  const changed = (Object.keys(fieldNames) as (keyof TodoPatch)[]).filter(
    (name) => (mine !== 'deleted' && mine[name] !== undefined) || (theirs !== null && !same(theirs[name], base[name])),
  );
  const version: Todo = mine === 'deleted' ? base : ({ ...base, ...mine } as Todo);
  return (
    <section className="conflict stack" aria-label={base.title}>
      <table className="versions">
        <caption>{base.title}</caption>
        <thead>
          <tr>
            <th scope="col">
              <span className="visually-hidden">Field</span>
            </th>
            <th scope="col">Yours</th>
            <th scope="col">Theirs</th>
          </tr>
        </thead>
        <tbody>
          {mine === 'deleted' || theirs === null ? (
            <tr>
              <th scope="row">Todo</th>
              <td>{mine === 'deleted' ? 'Deleted' : 'Changed'}</td>
              <td>{theirs === null ? 'Deleted' : 'Changed'}</td>
            </tr>
          ) : null}
          {changed.map((name) => (
            <tr key={name}>
              <th scope="row">{fieldNames[name]}</th>
              <td>{mine === 'deleted' ? '' : say(version, name, timeZone)}</td>
              <td>{theirs === null ? '' : say(theirs, name, timeZone)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <div className="dialog-foot">
        <Button onClick={() => mirror.resolve(id, 'theirs')}>Keep theirs</Button>
        <Button look="main" onClick={() => mirror.resolve(id, 'mine')}>
          Keep mine
        </Button>
      </div>
    </section>
  );
}

function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
