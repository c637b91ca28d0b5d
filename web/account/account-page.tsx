import { useCallback } from 'react';
import { useSession } from '../app/contexts.js';
import { useRead } from '../app/use-read.js';
import { Button } from '../design/button.js';
import { PageSkeleton } from '../design/skeleton.js';
import { DeleteAccount } from './delete-account.js';
import { EmailForm } from './email-form.js';
import { PasswordForm } from './password-form.js';
import { ProfileForm } from './profile-form.js';
import { Sessions } from './sessions.js';
import './account.css';

export default function AccountPage() {
  const session = useSession();
  const { value: user, failure, set, reload } = useRead(useCallback(async (signal) => session.duet.users.me({ signal }), [session]));
  if (failure !== undefined && user === undefined) {
    return (
      <div className="stack">
        <div className="notice" data-tone="problem" role="alert">
          <p>{failure}</p>
          <Button onClick={reload}>Try again</Button>
        </div>
        <SignOut />
      </div>
    );
  }
  if (user === undefined) {
    return <PageSkeleton />;
  }
  return (
    <div className="account">
      <ProfileForm
        user={user}
        onChanged={async (changed) => {
          set(changed);
          await session.update(changed);
        }}
      />
      <EmailForm
        user={user}
        onChanged={async (changed) => {
          set(changed);
          await session.update(changed);
        }}
      />
      <PasswordForm user={user} />
      <Sessions />
      <SignOut />
      <DeleteAccount user={user} />
    </div>
  );
}

function SignOut() {
  const session = useSession();
  return (
    <section className="card stack" aria-labelledby="sign-out">
      <h2 id="sign-out">This device</h2>
      <p className="muted">Signing out removes everything of yours from this browser.</p>
      <p>
        <Button onClick={() => void session.signOut()}>Sign out</Button>
      </p>
    </section>
  );
}
