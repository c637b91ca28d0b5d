/** How the bench was asked to run. */
export interface BenchOptions {
  /** A first look: fewer rounds, smaller data, in under a minute and a half. */
  readonly quick: boolean;
  /** Whether the part may go on: after its share of the bench's ten minutes it makes do with the rounds it has. */
  readonly hasTime: () => boolean;
  /** Called with each step of what takes longer than a moment. */
  readonly onProgress: (line: string) => void;
}

/** The folders of who is measured. */
export interface Contestants {
  readonly duet: string;
  readonly handwritten: string;
  readonly express: string;
  readonly 'stock-nest': string;
}
