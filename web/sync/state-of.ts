import type { MirrorSnapshot } from '../../client/mirror/index.js';

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
