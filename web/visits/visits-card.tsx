import { useCallback } from 'react';
import { useProfile, useSession } from '../app/contexts.js';
import { formatInstant, formatNumber } from '../time/format.js';
import { useAction } from '../app/use-action.js';
import { useRead } from '../app/use-read.js';
import { Button } from '../design/button.js';

export function VisitsCard() {
  const { duet } = useSession();
  const { timeZone } = useProfile();
  const { value, failure, set, reload } = useRead(useCallback(async (signal) => duet.counter.read({ signal }), [duet]));
  const counting = useAction(useCallback(async () => set(await duet.counter.count()), [duet, set]));
  const problem = counting.failure?.message ?? failure;
  return (
    <section className="card stack" aria-labelledby="visits">
      <h2 id="visits">Visits so far</h2>
      <p className="figure" role="status">
        {value === undefined ? <span className="skeleton figure-skeleton" /> : formatNumber(value.visitCount)}
        <span className="visually-hidden"> visits</span>
      </p>
      <p className="muted small">
        {value?.lastUpdated ? `Last counted ${formatInstant(value.lastUpdated, timeZone)}` : 'Everyone who presses the button is counted, once each time.'}
      </p>
      {problem !== undefined && (
        <div className="notice" data-tone="problem" role="alert">
          <p>{problem}</p>
          <Button size="small" onClick={reload}>
            Try again
          </Button>
        </div>
      )}
      <p>
        <Button look="main" busy={counting.busy} onClick={() => void counting.run()}>
          Count my visit
        </Button>
      </p>
    </section>
  );
}
