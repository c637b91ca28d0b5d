import { useState } from 'react';
import type { MirrorSnapshot, PendingWrite } from '../../client/mirror/index.js';
import { useProfile, useSession, useSnapshot } from '../app/contexts.js';
import { formatInstant } from '../time/format.js';
import { Button } from '../design/button.js';
import { Dialog } from '../design/dialog.js';
import { RefusedWrite } from './refused-write.js';
import { stateOf } from './state-of.js';

const kinds = { create: 'New', patch: 'Changed', delete: 'Deleted', batch: 'Several' };

/** What has not reached the service, in order, and what it has refused. */
export default function WaitingDialog({ onClose }: { onClose: () => void }) {
  const { mirror } = useSession();
  const { timeZone } = useProfile();
  const snapshot = useSnapshot();
  const [busy, setBusy] = useState(false);
  const { status, failure, pending, rejected, lastSyncedAt } = snapshot;
  const again = async (): Promise<void> => {
    setBusy(true);
    await mirror.refresh();
    setBusy(false);
  };
  return (
    <Dialog title={stateOf(snapshot)} onClose={onClose}>
      <p className="muted">
        {lastSyncedAt === null ? 'Nothing has come from the service yet.' : `In step with the service at ${formatInstant(lastSyncedAt, timeZone)}.`}
        {status === 'offline' && ' It cannot be reached just now; what you do is kept here, and sent by itself.'}
        {status === 'failed' && failure !== null && ` ${failure}`}
      </p>
      {pending.length > 0 && (
        <section className="stack" aria-label="Waiting">
          <h3 className="field-label">Waiting to be sent</h3>
          <ol className="waiting">
            {pending.slice(0, 100).map((write) => (
              <li key={write.id}>
                <b>{kinds[write.kind]}</b> {titleOf(write, snapshot)}
              </li>
            ))}
          </ol>
          {pending.length > 100 && <p className="muted">And {pending.length - 100} more.</p>}
        </section>
      )}
      {rejected.map((write) => (
        <RefusedWrite key={write.id} write={write} />
      ))}
      <div className="dialog-foot">
        <Button busy={busy} onClick={() => void again()}>
          Try now
        </Button>
        <Button look="main" onClick={onClose}>
          Close
        </Button>
      </div>
    </Dialog>
  );
}

function titleOf({ todoIds }: PendingWrite, { todos }: MirrorSnapshot): string {
  const [first, ...others] = todoIds;
  const title = todos.find(({ id }) => id === first)?.title ?? 'a todo';
  return others.length === 0 ? title : `${title}, and ${others.length} more`;
}
