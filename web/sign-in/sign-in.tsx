import { useCallback } from 'react';
import { useSession } from '../app/contexts.js';
import { useAction } from '../app/use-action.js';
import { PasswordField, TextField } from '../design/field.js';
import { Entrance } from './entrance.js';
import { EntryForm } from '../design/entry-form.js';

/** @param ended The session that was here has been ended by the service. */
export function SignIn({ ended }: { ended: boolean }) {
  const session = useSession();
  const { busy, failure, run } = useAction(
    useCallback(async ({ email = '', password = '' }: Record<string, string>) => session.signIn({ email, password }), [session]),
  );
  return (
    <Entrance title="Sign in">
      {ended && (
        <div className="notice" data-tone="caution" role="status">
          <p>Your session has ended. Sign in again; what you have not sent yet is still here.</p>
        </div>
      )}
      <EntryForm action="Sign in" busy={busy} failure={failure} onSubmit={(values) => void run(values)}>
        <TextField label="E-mail" name="email" type="email" autoComplete="username" required error={failure?.fields['email']} />
        <PasswordField label="Password" name="password" autoComplete="current-password" required error={failure?.fields['password']} />
      </EntryForm>
      <p>
        <a href="#/forgot">Forgot your password?</a>
      </p>
      <p>
        New here? <a href="#/sign-up">Create an account</a>
      </p>
    </Entrance>
  );
}
