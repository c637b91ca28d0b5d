import { useCallback, useState } from 'react';
import { useSession } from '../app/contexts.js';
import { useAction } from '../app/use-action.js';
import { EntryForm } from '../design/entry-form.js';
import { TextField } from '../design/field.js';
import { Entrance } from './entrance.js';

export function Forgot() {
  const { duet } = useSession();
  const [sentTo, setSentTo] = useState<string>();
  const { busy, failure, run } = useAction(
    useCallback(
      async ({ email = '' }: Record<string, string>) => {
        await duet.forgotPassword(email);
        setSentTo(email);
      },
      [duet],
    ),
  );
  return (
    <Entrance title="Forgot your password?">
      <div role="status">
        {sentTo !== undefined && (
          <div className="notice">
            <p>If there is an account for {sentTo}, a mail with a link is on its way. The link holds for an hour.</p>
          </div>
        )}
      </div>
      <EntryForm action="Send a link" busy={busy} failure={failure} onSubmit={(values) => void run(values)}>
        <TextField label="E-mail" name="email" type="email" autoComplete="username" required error={failure?.fields['email']} />
      </EntryForm>
      <p>
        <a href="#/sign-in">Back to signing in</a>
      </p>
    </Entrance>
  );
}
