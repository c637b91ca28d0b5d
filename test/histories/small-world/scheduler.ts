import { randomFrom } from '../../support/faults/fault-proxy.js';

/** An actor that waits for its turn, and what it is about to do. */
export interface Waiting {
  readonly actor: string;
  readonly step: string;
}

/** What may come next: one of those that wait goes on, or an actor is killed where it is. */
export type Choice = { readonly go: Waiting } | { readonly kill: string };

/** Which of several choices comes next, by its number; the first is that the actor of the step before goes on. */
export type Chooser = (choices: readonly Choice[]) => number;

/** An actor's way to wait for its turn. */
export type Turn = (step: string) => Promise<void>;

interface Waiter extends Waiting {
  readonly begin: () => void;
}

/** Lets actors take turns: between two turns all of them stand still, so that nothing but the choices decides what happens. */
export class Scheduler {
  /** What was chosen, in order. */
  readonly trace: string[] = [];
  private waiting: Waiter[] = [];
  private last = '';
  private kills: number;

  /** @param killable the actors of which one may be killed, with so many kills in all. */
  constructor(
    private readonly choose: Chooser,
    private readonly killable: readonly string[] = [],
    kills = 0,
  ) {
    this.kills = kills;
  }

  turnOf(actor: string): Turn {
    return async (step) => new Promise((begin) => this.waiting.push({ actor, step, begin }));
  }

  /** Until no actor waits. One that was killed never goes on. */
  async run(): Promise<void> {
    for (;;) {
      // All that is no turn happens before this comes back.
      await new Promise((resolve) => setImmediate(resolve));
      if (this.waiting.length === 0) {
        return;
      }
      this.waiting.sort((a, b) => Number(b.actor === this.last) - Number(a.actor === this.last) || (a.actor < b.actor ? -1 : 1));
      const killable = this.kills === 0 ? [] : [...new Set(this.waiting.map(({ actor }) => actor))].filter((actor) => this.killable.includes(actor));
      const choices: Choice[] = [...this.waiting.map((go) => ({ go })), ...killable.map((kill) => ({ kill }))];
      this.take(choices[this.choose(choices)] as Choice);
    }
  }

  private take(choice: Choice): void {
    if ('kill' in choice) {
      this.trace.push(`${choice.kill} is killed`);
      this.kills -= 1;
      this.waiting = this.waiting.filter(({ actor }) => actor !== choice.kill);
      return;
    }
    const { go } = choice;
    this.trace.push(`${go.actor}: ${go.step}`);
    this.last = go.actor;
    this.waiting = this.waiting.filter((turn) => turn !== go);
    (go as Waiter).begin();
  }
}

/**
 * Runs a world in every way that deviates at most so often from letting each actor go on until its end; a kill is a deviation, too. Gives how many ways that are.
 *
 * @param run one way, from the beginning; says whether to look further.
 */
export async function everyWay(deviations: number, run: (choose: Chooser) => Promise<boolean>): Promise<number> {
  let ways = 0;
  let prefixes: ReadonlyMap<number, number>[] = [new Map()];
  while (prefixes.length > 0) {
    const next: ReadonlyMap<number, number>[] = [];
    for (const prefix of prefixes) {
      const options: number[] = [];
      ways += 1;
      const goesOn = await run((choices) => prefix.get(options.push(choices.length) - 1) ?? 0);
      if (!goesOn) {
        return ways;
      }
      const from = Math.max(-1, ...prefix.keys()) + 1;
      for (let step = from; prefix.size < deviations && step < options.length; step += 1) {
        for (let choice = 1; choice < (options[step] ?? 0); choice += 1) {
          next.push(new Map([...prefix, [step, choice]]));
        }
      }
    }
    prefixes = next;
  }
  return ways;
}

/**
 * Chooses by a seed: each actor has a rank, the highest goes on, and now and then one gets another rank, so that any may be held up for long; a kill is rare.
 *
 * After the probabilistic concurrency testing of Burckhardt, Kothari, Musuvathi and Nagarakatte ("A randomized scheduler with probabilistic guarantees of finding
 * bugs", 2010).
 */
export function chooseBy(seed: number): Chooser {
  const random = randomFrom(seed);
  const ranks = new Map<string, number>();
  return (choices) => {
    const going = choices.flatMap((choice) => ('go' in choice ? [choice.go.actor] : []));
    if (random() < 0.01) {
      return Math.floor(random() * choices.length);
    }
    const rankOf = (actor: string): number => {
      const rank = ranks.get(actor) ?? random();
      ranks.set(actor, rank);
      return rank;
    };
    const best = going.reduce((first, actor, index) => (rankOf(actor) > rankOf(going[first] ?? '') ? index : first), 0);
    if (random() < 0.1) {
      ranks.set(going[best] ?? '', random());
    }
    return best;
  };
}
