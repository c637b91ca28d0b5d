import type { ButtonHTMLAttributes, ReactNode } from 'react';

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  readonly look?: 'main' | 'plain' | 'quiet' | 'danger';
  readonly size?: 'small';
  /** A button that shows an icon alone; its label is for those who do not see it, and a tooltip for the others. */
  readonly label?: string;
  /** Its action is under way: it stays focusable, and does nothing. */
  readonly busy?: boolean;
  readonly children: ReactNode;
}

/** A button of the page itself, not of a form unless its type says so. */
export function Button({ look = 'plain', size, label, busy = false, onClick, type = 'button', ...rest }: ButtonProps) {
  return (
    <button
      {...rest}
      type={type}
      className="button"
      data-look={look}
      data-size={size}
      data-shape={label === undefined ? undefined : 'icon'}
      aria-label={label ?? rest['aria-label']}
      title={label}
      aria-disabled={busy || undefined}
      onClick={busy ? (event) => event.preventDefault() : onClick}
    />
  );
}
