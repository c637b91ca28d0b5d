import { type DBSchema, openDB } from 'idb';

/** Who is signed in on this device, as far as it is kept. The access token is not: it lives in memory. */
export interface KeptAccount {
  readonly userId: string;
  readonly refreshToken: string;
  /** For the time until the service has answered, or while it cannot be reached. */
  readonly profile: Profile;
}

export interface Profile {
  readonly name: string;
  readonly email: string;
  readonly timeZone: string;
}

interface AccountSchema extends DBSchema {
  account: { key: 'current'; value: KeptAccount };
}

const database = openDB<AccountSchema>('duet-account', 1, { upgrade: (made) => void made.createObjectStore('account') });

/** The account that is kept in this browser, for all its tabs: IndexedDB, which only pages of this origin read. */
export const keptAccount = {
  async read(): Promise<KeptAccount | undefined> {
    return (await database).get('account', 'current');
  },
  async write(account: KeptAccount): Promise<void> {
    await (await database).put('account', account, 'current');
  },
  async remove(): Promise<void> {
    await (await database).delete('account', 'current');
  },
};
