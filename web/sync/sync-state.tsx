import { lazy, Suspense, useState } from 'react';
import type { MirrorSnapshot } from '../../client/mirror/index.js';
import { useSnapshot } from '../app/contexts.js';
import { useLoadedAhead } from '../app/use-loaded-ahead.js';
import { Icon } from '../design/icon.js';
import './sync.css';

const loadDialog = async () => import('./waiting-dialog.js');
const WaitingDialog = lazy(loadDialog);

/** In a few words, how what is shown here stands to what the service has. */
export function stateOf({ status, pending, conflicts, rejected }: MirrorSnapshot): string {
  const waits = pending.length === 1 ? '1 change waits' : `${pending.length} changes wait`;
  if (conflicts.length + rejected.length > 0) {
    return 'Needs your decision';
  }
  switch (status) {
    case 'loading':
      return 'Loading…';
    case 'current':
      return pending.length === 0 ? 'All saved' : 'Saving…';
    case 'offline':
      return pending.length === 0 ? 'Offline' : `Offline: ${waits}`;
    case 'failed':
      return pending.length === 0 ? 'Not in step' : `Not in step: ${waits}`;
    case 'closed':
      return 'Stopped';
  }
}

/** The state of the copy, read out when it changes; pressed, it shows what waits. */
export function SyncState() {
  const snapshot = useSnapshot();
  const [open, setOpen] = useState(false);
  useLoadedAhead(loadDialog);
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
