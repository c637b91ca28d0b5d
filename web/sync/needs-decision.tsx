import { Suspense, useState } from 'react';
import { lazyAhead } from '../app/ahead.js';
import { useSnapshot } from '../app/contexts.js';
import { Button } from '../design/button.js';

const ConflictsDialog = lazyAhead(async () => import('./conflicts-dialog.js'));

/** Above every page while something was changed in two places. */
export function NeedsDecision() {
  const { conflicts } = useSnapshot();
  const [open, setOpen] = useState(false);
  const text = conflicts.length === 1 ? 'A todo was changed here and elsewhere.' : `${conflicts.length} todos were changed here and elsewhere.`;
  return (
    <>
      <div role="alert">
        {conflicts.length > 0 && (
          <div className="notice" data-tone="caution">
            <p>{text} Nothing is lost: choose what holds.</p>
            <Button onClick={() => setOpen(true)}>Compare</Button>
          </div>
        )}
      </div>
      {open && conflicts.length > 0 && (
        <Suspense>
          <ConflictsDialog onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
