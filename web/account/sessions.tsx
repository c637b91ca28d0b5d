import { useCallback } from 'react';
import { useProfile, useSession } from '../app/contexts.js';
import { formatInstant } from '../time/format.js';
import { useAction } from '../app/use-action.js';
import { useRead } from '../app/use-read.js';
import { Button } from '../design/button.js';

/** Where the account is signed in. */
export function Sessions() {
  const { duet } = useSession();
  const { timeZone } = useProfile();
  const { value, failure, reload } = useRead(useCallback(async (signal) => duet.users.sessions({ signal }), [duet]));
  const ending = useAction(async (id: string) => {
    await duet.users.endSession({ id });
    reload();
  });
  const problem = ending.failure?.message ?? failure;
  return (
    <section className="card stack" aria-labelledby="sessions">
      <h2 id="sessions">Where you are signed in</h2>
      {problem !== undefined && (
        <p className="field-error" role="alert">
          {problem}
        </p>
      )}
      <ul className="sessions">
        {value?.map(({ id, userAgent, lastUsedAt, current }) => (
          <li key={id}>
            <span className="session">
              <span>{nameOf(userAgent)}</span>
              <span className="muted small">{current ? 'This browser' : `Last used ${formatInstant(lastUsedAt, timeZone)}`}</span>
            </span>
            {!current && (
              <Button size="small" busy={ending.busy} aria-label={`Sign out ${nameOf(userAgent)}`} onClick={() => void ending.run(id)}>
                Sign out
              </Button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What a user agent calls itself, as people know it. */
function nameOf(userAgent: string | null): string {
  const agent = userAgent ?? '';
  const browser = ['Edg/', 'Firefox/', 'Chrome/', 'Safari/']
    .find((name) => agent.includes(name))
    ?.replace('/', '')
    .replace('Edg', 'Edge');
  const system = ['Android', 'iPhone', 'iPad', 'Windows', 'Mac OS', 'Linux'].find((name) => agent.includes(name));
  if (browser === undefined) {
    return agent === '' ? 'An unnamed client' : agent;
  }
  return system === undefined ? browser : `${browser} on ${system}`;
}
