import { Suspense, useState } from 'react';
import { lazyAhead } from '../app/ahead.js';
import { useSnapshot } from '../app/contexts.js';
import { Icon } from '../design/icon.js';
import { stateOf } from './state-of.js';
import './sync.css';

const WaitingDialog = lazyAhead(async () => import('./waiting-dialog.js'));

/** The state of the copy, read out when it changes; pressed, it shows what waits. */
export function SyncState() {
  const snapshot = useSnapshot();
  const [open, setOpen] = useState(false);
  const text = stateOf(snapshot);
  const alone = snapshot.status === 'offline' || snapshot.status === 'failed';
  return (
    <>
      <button
        type="button"
        className="sync"
        data-alone={alone}
        data-asks={snapshot.conflicts.length + snapshot.rejected.length > 0}
        onClick={() => setOpen(true)}
      >
        <Icon name={alone ? 'offline' : 'cloud'} />
        {text}
      </button>
      <span className="visually-hidden" role="status">
        {text}
      </span>
      {open && (
        <Suspense>
          <WaitingDialog onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
