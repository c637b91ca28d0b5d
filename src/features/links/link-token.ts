import { createHash, randomBytes } from 'node:crypto';

/** What a link in a mail is for. */
export type LinkPurpose = 'verification' | 'reset';

/** For how long a link holds from when its mail is written, in milliseconds. */
export const linkLifetimeMs: Readonly<Record<LinkPurpose, number>> = { verification: 24 * 60 * 60 * 1000, reset: 60 * 60 * 1000 };

const tokenBytes = 32;

/** The token of a link: 32 random bytes, base64url outside; inside, only its hash is kept. */
export class LinkToken {
  private constructor(private readonly bytes: Buffer) {}

  static random(): LinkToken {
    return new LinkToken(randomBytes(tokenBytes));
  }

  /** A token as it stands in a link, or null for a text that never was one. */
  static parse(text: string): LinkToken | null {
    const bytes = Buffer.from(text, 'base64url');
    return bytes.length === tokenBytes && bytes.toString('base64url') === text ? new LinkToken(bytes) : null;
  }

  get hash(): Buffer {
    return createHash('sha256').update(this.bytes).digest();
  }

  toString(): string {
    return this.bytes.toString('base64url');
  }
}
