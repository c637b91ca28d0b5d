import type { Model } from '../linearizability.js';

/** What a client may ask about the accounts of a few people who want the same few e-mails. */
export type AccountInput =
  | { readonly op: 'register'; readonly email: string; readonly request: string }
  | { readonly op: 'read' | 'delete'; readonly id: string }
  | { readonly op: 'rename'; readonly id: string; readonly name: string; readonly ifVersion?: number }
  | { readonly op: 'move'; readonly id: string; readonly email: string };
export interface AccountOutput {
  readonly status: number;
  readonly id?: string;
  readonly version?: number;
  readonly email?: string;
  readonly name?: string;
}
interface Account {
  readonly version: number;
  readonly email: string;
  readonly name: string;
  /** E-mails that it had before. */
  readonly had?: readonly string[];
}
/** By id, or by the request while the id is not known; null once it is deleted. */
type Accounts = Readonly<Record<string, Account | null>>;

/** Accounts, each a register with versions and an end; no two have one e-mail, and what a deletion or a change leaves is free at once. */
export const accounts = (initial: Accounts): Model<Accounts, AccountInput, AccountOutput> => ({
  initial,
  step: (state, input, output) => {
    const gives = (after: Accounts, status: number, shown?: Account): Accounts | undefined =>
      output === undefined || (output.status === status && (shown === undefined || shows(shown, output))) ? after : undefined;
    const isTaken = (email: string, byOtherThan?: string): boolean =>
      Object.entries(state).some(([id, account]) => id !== byOtherThan && account?.email === email);
    if (input.op === 'register') {
      const account = { version: 1, email: input.email, name: input.request };
      return isTaken(input.email) ? gives(state, 409) : gives({ ...state, [output?.id ?? input.request]: account }, 201, account);
    }
    const present = state[input.id] ?? null;
    if (present === null) {
      return gives(state, 404);
    }
    switch (input.op) {
      case 'read':
        return gives(state, 200, present);
      case 'delete':
        return gives({ ...state, [input.id]: null }, 204);
      case 'rename': {
        const after = { ...present, version: present.version + 1, name: input.name };
        return input.ifVersion !== undefined && input.ifVersion !== present.version ? gives(state, 412) : gives({ ...state, [input.id]: after }, 200, after);
      }
      case 'move': {
        // What was the present e-mail when the request came changes nothing, and is answered with what there is by now.
        const hadIt = present.email === input.email || present.had?.includes(input.email);
        if (hadIt && output?.status === 200 && shows(present, output)) {
          return state;
        }
        if (isTaken(input.email, input.id)) {
          return gives(state, 409);
        }
        const after = { ...present, version: present.version + 1, email: input.email, had: [...(present.had ?? []), present.email] };
        return gives({ ...state, [input.id]: after }, 200, after);
      }
    }
  },
  key: (state) => JSON.stringify(Object.entries(state).sort(([a], [b]) => (a < b ? -1 : 1))),
});

const shows = ({ version, email, name }: Account, output: AccountOutput): boolean =>
  output.version === version && output.email === email && output.name === name;
