/** What a prompt needs of a terminal: Node's `process.stdin` is one when it has `isTTY`. */
export interface TerminalInput {
  setRawMode(raw: boolean): unknown;
  setEncoding(encoding: 'utf8'): unknown;
  resume(): unknown;
  pause(): unknown;
  on(event: 'data', listener: (text: string) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
  off(event: 'data', listener: (text: string) => void): unknown;
  off(event: 'end', listener: () => void): unknown;
}

/** Whoever was asked gave no answer: Ctrl-C, or Ctrl-D. */
export class PromptCancelledError extends Error {
  override readonly name = 'PromptCancelledError';

  constructor() {
    super('No password was given, so nothing was done.');
  }
}

const [interrupt, endOfInput, clearLine] = ['\u0003', '\u0004', '\u0015'];
const lineEnds = new Set(['\r', '\n']);
const backspaces = new Set(['\b', '\u007F']);
// Cursor keys and the like (ECMA-48 control sequences): they move a cursor that is not shown.
const controlSequences = new RegExp(`${String.fromCodePoint(27)}(\\[[\\d;]*[A-Za-z~]|O[A-Z])`, 'g');

/** Asks at a terminal for what must not be shown. */
export class PasswordPrompt {
  /** What was typed ahead, or pasted, behind an answer. */
  #ahead = '';

  /** @param write where the question goes: standard error, so that a redirected output does not swallow it */
  constructor(
    private readonly input: TerminalInput,
    private readonly write: (text: string) => void,
  ) {}

  /**
   * The line that is typed, without echo.
   *
   * @throws PromptCancelledError
   */
  async ask(question: string): Promise<string> {
    this.write(question);
    const { input } = this;
    input.setEncoding('utf8');
    // Raw: no echo, and each key as it comes.
    input.setRawMode(true);
    let stopListening = (): void => {};
    try {
      return await new Promise<string>((resolve, reject) => {
        const typed: string[] = [];
        const cancel = (): void => reject(new PromptCancelledError());
        const take = (text: string): void => {
          const keys = Array.from(text.replaceAll(controlSequences, ''));
          for (const [at, key] of keys.entries()) {
            if (lineEnds.has(key)) {
              this.#ahead = keys.slice(at + 1).join('');
              resolve(typed.join(''));
              return;
            }
            if (key === interrupt || (key === endOfInput && typed.length === 0)) {
              cancel();
              return;
            }
            edit(typed, key);
          }
        };
        input.on('data', take);
        input.on('end', cancel);
        stopListening = () => {
          input.off('data', take);
          input.off('end', cancel);
        };
        input.resume();
        const ahead = this.#ahead;
        this.#ahead = '';
        take(ahead);
      });
    } finally {
      stopListening();
      input.pause();
      input.setRawMode(false);
      // The key that ended the line was not shown either.
      this.write('\n');
    }
  }
}

function edit(typed: string[], key: string): void {
  if (backspaces.has(key)) {
    typed.pop();
  } else if (key === clearLine) {
    typed.length = 0;
  } else if (!/\p{Cc}/u.test(key)) {
    typed.push(key);
  }
}
