import { readFile, writeFile } from 'node:fs/promises';
import type { Session } from '../index.js';

/** Sessions by service, in a file that only its owner reads: who has a session is the user. */
export class SavedSessions {
  #saving: Promise<void> = Promise.resolve();

  constructor(private readonly file: string) {}

  /** The session at a service; null when there is none. */
  async load(url: string): Promise<Session | null> {
    return (await this.all())[url] ?? null;
  }

  /** Keeps a session; saves are in the order of the calls. */
  save(url: string, session: Session | null): void {
    this.#saving = this.#saving.then(async () => {
      const { [url]: _, ...others } = await this.all();
      await writeFile(this.file, JSON.stringify(session === null ? others : { ...others, [url]: session }), { mode: 0o600 });
    });
    this.#saving.catch(() => undefined);
  }

  /** Done when all is saved. */
  async saved(): Promise<void> {
    await this.#saving;
  }

  private async all(): Promise<Record<string, Session>> {
    try {
      return JSON.parse(await readFile(this.file, 'utf8')) as Record<string, Session>;
    } catch (error) {
      // No file yet, or one that was cut short: no user is signed in.
      if (error instanceof SyntaxError || (typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT')) {
        return {};
      }
      throw error;
    }
  }
}
