import { type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes, type TextareaHTMLAttributes, useId, useState } from 'react';
import { Button } from './button.js';

interface Described {
  readonly label: string;
  readonly hint?: string | undefined;
  /** What is wrong with the value, and what to do. */
  readonly error?: string | undefined;
}

function Field({ label, hint, error, children }: Described & { children: (control: Record<string, unknown>) => ReactNode }) {
  const id = useId();
  const described = [hint === undefined ? '' : `${id}-hint`, error === undefined ? '' : `${id}-error`].filter((part) => part !== '').join(' ');
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({ id, 'aria-invalid': error === undefined ? undefined : true, 'aria-describedby': described === '' ? undefined : described })}
      {hint !== undefined && (
        <p className="field-hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error !== undefined && (
        <p className="field-error" id={`${id}-error`}>
          {error}
        </p>
      )}
    </div>
  );
}

/** One line of text. */
export function TextField({ label, hint, error, ...input }: Described & InputHTMLAttributes<HTMLInputElement>) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(control) => <input {...input} {...control} className="input" />}
    </Field>
  );
}

/** Several lines of text. */
export function TextArea({ label, hint, error, ...input }: Described & TextareaHTMLAttributes<HTMLTextAreaElement>) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(control) => <textarea rows={4} {...input} {...control} className="input" />}
    </Field>
  );
}

/** One of a few. */
export function Choice<T extends string>({
  label,
  options,
  onChoose,
  ...select
}: Described & Omit<SelectHTMLAttributes<HTMLSelectElement>, 'onChange'> & { options: readonly (readonly [T, string])[]; onChoose: (value: T) => void }) {
  return (
    <Field label={label}>
      {(control) => (
        <select {...select} {...control} className="input" onChange={(event) => onChoose(event.target.value as T)}>
          {options.map(([value, text]) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** A password, which can be shown while it is typed. */
export function PasswordField(props: Described & InputHTMLAttributes<HTMLInputElement>) {
  const [shown, setShown] = useState(false);
  const { label, hint, error, ...input } = props;
  return (
    <Field label={label} hint={hint} error={error}>
      {(control) => (
        <div className="with-button">
          <input {...input} {...control} className="input" type={shown ? 'text' : 'password'} autoCapitalize="none" spellCheck={false} />
          <Button aria-pressed={shown} aria-label={`Show ${label.toLowerCase()}`} onClick={() => setShown(!shown)}>
            Show
          </Button>
        </div>
      )}
    </Field>
  );
}

/** A password that is being chosen, with what the service asks of it. */
export function NewPasswordField(props: Pick<Described, 'label' | 'error'>) {
  return <PasswordField {...props} name="password" autoComplete="new-password" required hint="15 characters or more; a few words make a good one." />;
}
