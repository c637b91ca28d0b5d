import { Injectable } from '@nestjs/common';
import type { Role } from './user.js';
import { UsersRepository } from './users.repository.js';

/** Who may do what, as an operator decides it: no request changes a role. */
@Injectable()
export class RolesService {
  constructor(private readonly users: UsersRepository) {}

  /** Gives a user a role; it holds from their next access token. False when there is no user with this e-mail. */
  async grantRole(email: string, role: Role): Promise<boolean> {
    const found = await this.users.findCredentialsByEmail(email);
    return found !== null && (await this.users.change(found.user.id, ({ user }) => (user.role === role ? null : { role }))) !== null;
  }
}
