import { useCallback, useState } from 'react';
import type { User } from '../../client/index.js';
import { useSession } from '../app/contexts.js';
import { useAction } from '../app/use-action.js';
import { EntryForm } from '../design/entry-form.js';
import { NewPasswordField, PasswordField } from '../design/field.js';
import { showToast } from '../design/toasts.js';

export function PasswordForm({ user }: { user: User }) {
  const session = useSession();
  const [round, setRound] = useState(0);
  const { busy, failure, run } = useAction(
    useCallback(
      async ({ password = '', currentPassword = '' }: Record<string, string>) => {
        const { email } = await session.duet.users.update(user, { password, currentPassword });
        // The new password has ended every session, this one too.
        await session.signIn({ email, password });
        setRound((last) => last + 1);
        showToast({ text: 'Your password is changed, and you are signed out everywhere else.' });
      },
      [session, user],
    ),
  );
  return (
    <section className="card stack" aria-labelledby="password">
      <h2 id="password">Password</h2>
      <EntryForm key={round} action="Change password" look="plain" busy={busy} failure={failure} onSubmit={(values) => void run(values)}>
        {/* Password managers look for the account that the password is of. */}
        <input type="hidden" name="username" autoComplete="username" value={user.email} />
        <PasswordField label="Current password" name="currentPassword" autoComplete="current-password" required error={failure?.fields['currentPassword']} />
        <NewPasswordField label="New password" error={failure?.fields['password']} />
        <p className="muted small">A new password signs you out everywhere else.</p>
      </EntryForm>
    </section>
  );
}
