import { refreshTokenEntity } from './features/auth/persistence/refresh-token.entity.js';
import { CreateRefreshTokens1764547200200 } from './features/auth/persistence/migrations/create-refresh-tokens-1764547200200.js';
import { AddEmailVerified1795651200200 } from './features/users/persistence/migrations/add-email-verified-1795651200200.js';
import { CreateMailTokens1795651200300 } from './features/links/persistence/migrations/create-mail-tokens-1795651200300.js';
import { mailTokenEntity } from './features/links/persistence/mail-token.entity.js';
import { IndexDueMails1795651200400 } from './features/outbox/persistence/migrations/index-due-mails-1795651200400.js';
import { AddSessions1795651200100 } from './features/auth/persistence/migrations/add-sessions-1795651200100.js';
import { CreateOutbox1764547200300 } from './features/outbox/persistence/migrations/create-outbox-1764547200300.js';
import { outboxEntity } from './features/outbox/persistence/outbox.entity.js';
import { CreateUsers1764547200100 } from './features/users/persistence/migrations/create-users-1764547200100.js';
import { userEntity } from './features/users/persistence/user.entity.js';
import type { PostgresSchema } from './platform/postgres/data-source.js';

/** Every table and migration, listed by hand: globs break bundles. Loaded when PostgreSQL is first used. */
export const postgresSchema: PostgresSchema = {
  entities: [userEntity, refreshTokenEntity, outboxEntity, mailTokenEntity],
  migrations: [
    CreateUsers1764547200100,
    CreateRefreshTokens1764547200200,
    CreateOutbox1764547200300,
    AddSessions1795651200100,
    AddEmailVerified1795651200200,
    CreateMailTokens1795651200300,
    IndexDueMails1795651200400,
  ],
};
