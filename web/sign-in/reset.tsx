import { useCallback, useState } from 'react';
import { useSession } from '../app/contexts.js';
import { useAction } from '../app/use-action.js';
import { EntryForm } from '../design/entry-form.js';
import { NewPasswordField } from '../design/field.js';
import { Entrance } from './entrance.js';

/** Where the link of a mail leads. */
export function Reset({ token }: { token: string }) {
  const { duet } = useSession();
  const [done, setDone] = useState(false);
  const { busy, failure, run } = useAction(
    useCallback(
      async ({ password = '' }: Record<string, string>) => {
        await duet.resetPassword({ token, password });
        setDone(true);
      },
      [duet, token],
    ),
  );
  return (
    <Entrance title="A new password">
      {done ? (
        <div className="notice" role="status">
          <p>Your password is changed, and you are signed out everywhere.</p>
        </div>
      ) : (
        <EntryForm action="Change password" busy={busy} failure={failure} onSubmit={(values) => void run(values)}>
          <NewPasswordField label="New password" error={failure?.fields['password']} />
        </EntryForm>
      )}
      <p>
        <a href="#/sign-in">Sign in</a> or <a href="#/forgot">ask for a new link</a>
      </p>
    </Entrance>
  );
}
