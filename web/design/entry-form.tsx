import { type FormEvent, type ReactNode, useEffect, useRef } from 'react';
import { Button } from './button.js';

/** What went wrong, for people: by field where it is a value's fault, and else in one sentence that says what to do. */
export interface Explanation {
  readonly message: string;
  readonly fields: Readonly<Record<string, string>>;
}

interface EntryFormProps {
  readonly action: string;
  readonly look?: 'main' | 'plain' | 'danger';
  readonly busy: boolean;
  readonly failure: Explanation | undefined;
  readonly onSubmit: (values: Record<string, string>) => void;
  readonly children: ReactNode;
}

/** A form that says above its button what went wrong, and takes the focus to the field it is about. */
export function EntryForm({ action, look = 'main', busy, failure, onSubmit, children }: EntryFormProps) {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (failure !== undefined) {
      form.current?.querySelector<HTMLElement>('[aria-invalid]')?.focus();
    }
  }, [failure]);
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    if (!busy) {
      onSubmit(Object.fromEntries([...new FormData(event.currentTarget)].map(([name, value]) => [name, typeof value === 'string' ? value : ''])));
    }
  };
  return (
    <form className="stack" ref={form} onSubmit={submit}>
      {children}
      <div role="alert">
        {failure !== undefined && (
          <div className="notice" data-tone="problem">
            <p>{failure.message}</p>
          </div>
        )}
      </div>
      <Button type="submit" look={look} busy={busy}>
        {action}
      </Button>
    </form>
  );
}
