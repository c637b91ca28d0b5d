import { useCallback, useState } from 'react';
import { useSession } from '../app/contexts.js';
import { useAction } from '../app/use-action.js';
import { EntryForm } from '../design/entry-form.js';
import { Entrance } from './entrance.js';

/** Where the link of a mail leads. A press uses it up, not the visit: programs that look through mails open links, too. */
export function Verify({ token }: { token: string }) {
  const { duet } = useSession();
  const [done, setDone] = useState(false);
  const { busy, failure, run } = useAction(
    useCallback(async () => {
      await duet.verifyEmail(token);
      setDone(true);
    }, [duet, token]),
  );
  return (
    <Entrance title="Confirm your e-mail">
      {done ? (
        <div className="notice" role="status">
          <p>Your e-mail is confirmed.</p>
        </div>
      ) : (
        <EntryForm action="Confirm" busy={busy} failure={failure} onSubmit={() => void run()}>
          <p>Press the button to confirm that this e-mail is yours.</p>
        </EntryForm>
      )}
      <p>
        <a href="#/">Go on to Duet</a>
      </p>
    </Entrance>
  );
}
