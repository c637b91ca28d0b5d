import { useCallback, useEffect } from 'react';
import { useProfile, useSession } from '../app/contexts.js';
import { formatInstant, formatNumber } from '../time/format.js';
import { useRead } from '../app/use-read.js';
import { Button } from '../design/button.js';

const names = { postgres: 'Accounts (PostgreSQL)', dynamodb: 'Todos (DynamoDB)' } as const;

/** How often it is looked at while the page is in view, in milliseconds. */
const everyMs = 15_000;

export function HealthCard() {
  const { duet } = useSession();
  const { timeZone } = useProfile();
  const { value, failure, busy, reload } = useRead(useCallback(async (signal) => duet.health({ signal }), [duet]));
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === 'visible' && reload(), everyMs);
    return () => clearInterval(timer);
  }, [reload]);
  const well = failure === undefined && value?.status === 'ok';
  return (
    <section className="card stack" aria-labelledby="health">
      <h2 id="health">Service</h2>
      <p role="status">
        {failure ??
          (value === undefined ? 'Looking…' : well ? 'Duet is well.' : 'A part of Duet cannot be reached just now. What you write is kept here until it can.')}
      </p>
      {value !== undefined && failure === undefined && (
        <>
          <dl className="stores">
            {(['postgres', 'dynamodb'] as const).map((store) => (
              <div key={store}>
                <dt>{names[store]}</dt>
                <dd className="state" data-state={value.details[store].status}>
                  {value.details[store].status === 'up' ? `Up, ${formatNumber(value.details[store].responseTimeMs)} ms` : 'Down'}
                </dd>
              </div>
            ))}
          </dl>
          <p className="muted small">
            Version {value.version}, {formatInstant(value.timestamp, timeZone)}
          </p>
        </>
      )}
      <p>
        <Button busy={busy} onClick={reload}>
          Look again
        </Button>
      </p>
    </section>
  );
}
