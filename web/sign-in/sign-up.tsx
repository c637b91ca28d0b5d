import { useCallback } from 'react';
import { useSession } from '../app/contexts.js';
import { useAction } from '../app/use-action.js';
import { NewPasswordField, TextField } from '../design/field.js';
import { Entrance } from './entrance.js';
import { EntryForm } from '../design/entry-form.js';

export function SignUp() {
  const session = useSession();
  const { busy, failure, run } = useAction(
    useCallback(
      async ({ name = '', email = '', password = '' }: Record<string, string>) => {
        const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
        await session.register({ name, email, password, timeZone });
      },
      [session],
    ),
  );
  return (
    <Entrance title="Create an account">
      <EntryForm action="Create account" busy={busy} failure={failure} onSubmit={(values) => void run(values)}>
        <TextField label="Name" name="name" autoComplete="name" required maxLength={200} error={failure?.fields['name']} />
        <TextField label="E-mail" name="email" type="email" autoComplete="username" required maxLength={254} error={failure?.fields['email']} />
        <NewPasswordField label="Password" error={failure?.fields['password']} />
      </EntryForm>
      <p>
        Have an account? <a href="#/sign-in">Sign in</a>
      </p>
    </Entrance>
  );
}
