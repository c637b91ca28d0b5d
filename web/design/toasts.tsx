import { useEffect, useSyncExternalStore } from 'react';
import { Button } from './button.js';
import './toasts.css';

/** One short message at the edge of the page, with at most one thing to do about it. */
export interface Toast {
  readonly text: string;
  readonly action?: { readonly label: string; readonly run: () => void };
  /** Called when it goes without its action having been taken. */
  readonly onGone?: () => void;
}

/** How long a message stays that the user does not touch, in milliseconds. */
const shownMs = 10_000;

let current: Toast | undefined;
const listeners = new Set<() => void>();

function change(toast: Toast | undefined): void {
  current = toast;
  listeners.forEach((listener) => listener());
}

/** Shows a message in place of the one before, which is gone then. */
export function showToast(toast: Toast): void {
  const before = current;
  change(toast);
  before?.onGone?.();
}

/** Ends the message that shows, as if its time were over. */
function endToast(): void {
  const before = current;
  change(undefined);
  before?.onGone?.();
}

function takeAction(): void {
  const { action } = current ?? {};
  change(undefined);
  action?.run();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Where messages show, and are read out. They wait while the pointer or the focus is on them (WCAG 2.2, 2.2.1); Control and Z takes the action. */
export function Toasts() {
  const toast = useSyncExternalStore(subscribe, () => current);
  useEffect(() => {
    if (toast === undefined) {
      return;
    }
    const timer = setInterval(() => {
      if (document.querySelector('.toast:hover, .toast:focus-within') === null) {
        endToast();
      }
    }, shownMs);
    const onKey = (event: KeyboardEvent): void => {
      const typing = event.target instanceof Element && event.target.matches('input:not([type=checkbox]), textarea, select');
      if (event.key === 'z' && (event.ctrlKey || event.metaKey) && !typing && toast.action !== undefined) {
        event.preventDefault();
        takeAction();
      }
    };
    addEventListener('keydown', onKey);
    addEventListener('pagehide', endToast);
    return () => {
      clearInterval(timer);
      removeEventListener('keydown', onKey);
      removeEventListener('pagehide', endToast);
    };
  }, [toast]);
  return (
    <div className="toasts" role="status">
      {toast !== undefined && (
        <div className="toast">
          <p>{toast.text}</p>
          {toast.action !== undefined && (
            <Button size="small" onClick={takeAction}>
              {toast.action.label}
            </Button>
          )}
          <Button size="small" look="quiet" onClick={endToast}>
            Dismiss
          </Button>
        </div>
      )}
    </div>
  );
}
