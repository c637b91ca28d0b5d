/** Minimum and maximum length of a new password, in code points (NIST SP 800-63B-4, section 3.1.1.2). */
export const passwordLength = { min: 15, max: 128 } as const;

/** Whose password it is. */
interface Owner {
  readonly email: string;
  readonly name: string;
}

/** Whether a password is the e-mail or the name, in whatever case: the first guess. */
export function isGuessable(password: string, { email, name }: Owner): boolean {
  const guess = folded(password);
  return [email, name].some((text) => folded(text) === guess);
}

function folded(text: string): string {
  return text.normalize('NFC').trim().toLowerCase();
}
