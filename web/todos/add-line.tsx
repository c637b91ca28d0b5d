import { type FormEvent, useId, useState } from 'react';
import { useProfile, useSession } from '../app/contexts.js';
import { formatDue, lengthOf } from '../time/format.js';
import { useNow } from '../time/use-now.js';
import { Button } from '../design/button.js';
import { Icon } from '../design/icon.js';
import { understandLine } from './understand-line.js';

/** How long a title may be, in code points. */
const titleLength = 200;

/** A todo in one line, shown as it is understood before it is added. */
export function AddLine() {
  const { mirror } = useSession();
  const { timeZone } = useProfile();
  const [line, setLine] = useState('');
  const [said, setSaid] = useState('');
  const id = useId();
  const now = useNow();
  const { title, due, priority, tags = [] } = understandLine(line, { now, timeZone });
  const parts = [
    ...(due ? [{ icon: 'calendar' as const, text: formatDue(due, now, timeZone) }] : []),
    ...(priority ? [{ icon: 'flag' as const, text: `${priority.charAt(0).toUpperCase()}${priority.slice(1)} priority` }] : []),
    ...tags.map((tag) => ({ icon: 'tag' as const, text: tag })),
  ];
  const tooLong = lengthOf(title) > titleLength;
  const problem = tooLong ? 'The title is longer than 200 characters.' : title === '' && parts.length > 0 ? 'A title is missing.' : undefined;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (title !== '' && problem === undefined) {
      mirror.create({ title, due, priority, tags });
      setLine('');
      setSaid(`Added: ${title}`);
    }
  };
  return (
    <form className="add" onSubmit={submit}>
      <div className="with-button">
        <input
          className="input add-input"
          aria-label="New todo"
          aria-describedby={id}
          aria-invalid={problem === undefined ? undefined : true}
          placeholder="Water the plants tomorrow 17:00 #garden !high"
          autoComplete="off"
          enterKeyHint="done"
          value={line}
          onChange={(event) => {
            setLine(event.target.value);
            setSaid('');
          }}
        />
        <Button type="submit" look="main">
          Add
        </Button>
      </div>
      <p className="understood" id={id} role="status">
        {line.trim() === '' ? (
          <span className={said === '' ? 'muted' : undefined}>{said || 'Write a day, a time, #tags and !high where you like.'}</span>
        ) : (
          <>
            {problem === undefined ? <span className="understood-title">{title}</span> : <span className="field-error">{problem}</span>}
            {parts.map(({ icon, text }) => (
              <span className="chip" key={`${icon}${text}`}>
                <Icon name={icon} />
                {text}
              </span>
            ))}
          </>
        )}
      </p>
    </form>
  );
}
