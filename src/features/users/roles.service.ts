import { Injectable } from '@nestjs/common';
import type { Role, User } from './user.js';
import { UsersRepository } from './users.repository.js';

/** How many users are read at once. */
const pageSize = 1_000;

/** Who may do what, as an operator decides it: no request changes a role. */
@Injectable()
export class RolesService {
  constructor(private readonly users: UsersRepository) {}

  /** Gives a user a role; it holds from their next access token. False when there is no user with this e-mail. */
  async grantRole(email: string, role: Role): Promise<boolean> {
    const found = await this.users.findCredentialsByEmail(email);
    return found !== null && (await this.users.change(found.user.id, ({ user }) => (user.role === role ? null : { role }))) !== null;
  }

  /** The administrators, in the order they registered. */
  async listAdmins(): Promise<User[]> {
    const admins: User[] = [];
    for (let page = await this.users.listAfter(null, pageSize); page.length > 0; page = await this.users.listAfter(page.at(-1)?.id ?? null, pageSize)) {
      admins.push(...page.filter(({ role }) => role === 'admin'));
    }
    return admins;
  }
}
