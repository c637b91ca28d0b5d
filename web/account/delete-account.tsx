import { useCallback, useState } from 'react';
import type { User } from '../../client/index.js';
import { useSession } from '../app/contexts.js';
import { useAction } from '../app/use-action.js';
import { Button } from '../design/button.js';
import { Dialog } from '../design/dialog.js';
import { EntryForm } from '../design/entry-form.js';
import { PasswordField } from '../design/field.js';

export function DeleteAccount({ user }: { user: User }) {
  const session = useSession();
  const [asking, setAsking] = useState(false);
  const { busy, failure, run } = useAction(
    useCallback(async ({ password = '' }: Record<string, string>) => session.deleteAccount(user, password), [session, user]),
  );
  return (
    <section className="card stack" aria-labelledby="delete">
      <h2 id="delete">Delete the account</h2>
      <p className="muted">Your profile, your todos and the archive go with it, for good.</p>
      <p>
        <Button look="danger" onClick={() => setAsking(true)}>
          Delete account…
        </Button>
      </p>
      {asking && (
        <Dialog title="Delete your account?" role="alertdialog" onClose={() => setAsking(false)}>
          <p>Everything of {user.email} is deleted, here and on every device. This cannot be undone.</p>
          <EntryForm action="Delete everything" look="danger" busy={busy} failure={failure} onSubmit={(values) => void run(values)}>
            <PasswordField label="Password" name="password" autoComplete="current-password" required autoFocus />
          </EntryForm>
        </Dialog>
      )}
    </section>
  );
}
