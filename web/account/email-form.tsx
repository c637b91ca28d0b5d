import { useCallback, useState } from 'react';
import type { User } from '../../client/index.js';
import { useSession } from '../app/contexts.js';
import { useAction } from '../app/use-action.js';
import { Button } from '../design/button.js';
import { PasswordField, TextField } from '../design/field.js';
import { showToast } from '../design/toasts.js';
import { EntryForm } from '../design/entry-form.js';

interface EmailFormProps {
  readonly user: User;
  readonly onChanged: (user: User) => Promise<void>;
}

export function EmailForm({ user, onChanged }: EmailFormProps) {
  const { duet } = useSession();
  const [round, setRound] = useState(0);
  const { busy, failure, run } = useAction(
    useCallback(
      async ({ email = '', currentPassword = '' }: Record<string, string>) => {
        await onChanged(await duet.users.update(user, { email, currentPassword }));
        setRound((last) => last + 1);
        showToast({ text: 'Your e-mail is changed.' });
      },
      [duet, user, onChanged],
    ),
  );
  return (
    <section className="card stack" aria-labelledby="email">
      <h2 id="email">E-mail</h2>
      <p className="muted">
        You sign in as <b>{user.email}</b>, which is {user.emailVerified ? 'confirmed' : 'not confirmed yet'}.
      </p>
      {!user.emailVerified && <SendAgain />}
      <EntryForm key={round} action="Change e-mail" look="plain" busy={busy} failure={failure} onSubmit={(values) => void run(values)}>
        <TextField label="New e-mail" name="email" type="email" autoComplete="email" required maxLength={254} error={failure?.fields['email']} />
        <PasswordField label="Current password" name="currentPassword" autoComplete="current-password" required error={failure?.fields['currentPassword']} />
      </EntryForm>
    </section>
  );
}

function SendAgain() {
  const { duet } = useSession();
  const { busy, failure, run } = useAction(
    useCallback(async () => {
      await duet.users.requestVerification();
      showToast({ text: 'A mail with a link is on its way.' });
    }, [duet]),
  );
  return (
    <div className="notice">
      <p>{failure?.message ?? 'Open the link in the mail that we sent you; it holds for a day.'}</p>
      <Button size="small" busy={busy} onClick={() => void run()}>
        Send it again
      </Button>
    </div>
  );
}
