import { type FormEvent, useCallback, useState } from 'react';
import type { User } from '../../client/index.js';
import { useSession } from '../app/contexts.js';
import { useAction } from '../app/use-action.js';
import { Button } from '../design/button.js';
import { TextField } from '../design/field.js';
import { showToast } from '../design/toasts.js';
import { TimeZoneField } from './time-zone-field.js';

interface ProfileFormProps {
  readonly user: User;
  readonly onChanged: (user: User) => Promise<void>;
}

export function ProfileForm({ user, onChanged }: ProfileFormProps) {
  const { duet } = useSession();
  const [name, setName] = useState(user.name);
  const [timeZone, setTimeZone] = useState(user.timeZone);
  const { busy, failure, run } = useAction(
    useCallback(async () => {
      // With the version that was read last: only these two fields are written.
      await onChanged(await duet.users.update(user, { name, timeZone }));
      showToast({ text: 'Your profile is saved.' });
    }, [duet, user, name, timeZone, onChanged]),
  );
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    void run();
  };
  return (
    <form className="card stack" onSubmit={submit} aria-labelledby="profile">
      <h2 id="profile">Profile</h2>
      <TextField
        label="Name"
        value={name}
        required
        maxLength={200}
        autoComplete="name"
        error={failure?.fields['name']}
        onChange={(event) => setName(event.target.value)}
      />
      <TimeZoneField value={timeZone} onChange={setTimeZone} />
      {failure !== undefined && (
        <p className="field-error" role="alert">
          {failure.message}
        </p>
      )}
      <p>
        <Button type="submit" look="main" busy={busy}>
          Save profile
        </Button>
      </p>
    </form>
  );
}
