import { Injectable } from '@nestjs/common';
import { idSchema } from '../../common/ids.js';
import { Audit } from '../../platform/observability/audit.js';
import type { Role, User } from './user.js';
import { UsersRepository } from './users.repository.js';

/** How many users are read at once. */
const pageSize = 1_000;

/** Who may do what, as an operator decides it: no request changes a role. */
@Injectable()
export class RolesService {
  constructor(
    private readonly users: UsersRepository,
    private readonly audit: Audit,
  ) {}

  /** The user an operator means by an id or an e-mail, in whatever case; null when there is none. A caller that acts on an e-mail must refuse one that is not verified: anyone may register it first. */
  async find(idOrEmail: string): Promise<User | null> {
    if (idOrEmail.includes('@')) {
      return (await this.users.findCredentialsByEmail(idOrEmail))?.user ?? null;
    }
    const { success, data } = idSchema.safeParse(idOrEmail);
    return success ? this.users.find(data) : null;
  }

  /** Gives a user the role `admin`, from their next access token on. Gives the user, or null when there is none. */
  async grantAdmin(id: string): Promise<User | null> {
    return this.setRole(id, 'admin');
  }

  /** Takes the role away at once and ends the user's sessions, in one transaction. Gives the user, or null when there is none. */
  async revokeAdmin(id: string): Promise<User | null> {
    return this.setRole(id, 'user');
  }

  /** The administrators, in the order they registered. */
  async listAdmins(): Promise<User[]> {
    const admins: User[] = [];
    for (let page = await this.users.listAfter(null, pageSize); page.length > 0; page = await this.users.listAfter(page.at(-1)?.id ?? null, pageSize)) {
      admins.push(...page.filter(({ role }) => role === 'admin'));
    }
    return admins;
  }

  private async setRole(id: string, role: Role): Promise<User | null> {
    const user = await this.users.change(id, ({ user: present }) => (present.role === role ? null : { role, endsSessions: role === 'user' }));
    this.audit.record('user.role_changed', { actor: 'operator', subject: id, outcome: user === null ? 'failed' : 'ok' });
    return user;
  }
}
