import { Injectable } from '@nestjs/common';
import { withTimeout } from '../../common/async.js';
import type { Caller } from '../../common/http/caller.js';
import { DuetError, StoreUnavailableError, type StoreName } from '../../common/errors/errors.js';
import { AppConfig } from '../../config/config.module.js';
import { type DueOverview, TodoListsService } from '../todos/lists/todo-lists.service.js';
import type { Todo, TodoCounts } from '../todos/todos.js';
import type { User } from '../users/user.js';
import { UsersService } from '../users/users.service.js';
import type { Dashboard } from './dashboard.schemas.js';

/** One look at both stores: what one of them cannot give is null, and its name stands in `degraded`. */
@Injectable()
export class DashboardService {
  /** How long the profile is waited for: then PostgreSQL counts as down, and DynamoDB still has time to answer with the profile's zone. */
  private readonly profileTimeoutMs: number;

  constructor(
    private readonly users: UsersService,
    private readonly todos: TodoListsService,
    config: AppConfig,
  ) {
    this.profileTimeoutMs = config.storeTimeouts.readMs;
  }

  /**
   * A user's dashboard, as the user's own time zone sees it. Its cost does not grow with the number of todos.
   *
   * @throws DuetError `user.not_found`; StoreUnavailableError when both stores are down.
   */
  async of(userId: string, caller: Caller): Promise<Dashboard> {
    const now = Date.now();
    const profile = resultOrUnavailable('postgres', this.profile(userId));
    // The token's zone is at most a quarter of an hour old: both stores are asked at once with it, and once more if the profile has another.
    const likelyZone = caller.userId === userId ? caller.timeZone : 'UTC';
    const lists = Promise.all([this.todos.counts(userId), this.todos.recent(userId)]).then(([counts, recent]) => ({ counts, recent }));
    const likelyDue = this.todos.dueOverview(userId, likelyZone, now);
    // Their failures are met where they are awaited; the second may have another in its place.
    for (const early of [lists, likelyDue]) early.catch(() => undefined);
    const due = profile.then(async ({ value }) => {
      const zone = value?.timeZone ?? likelyZone;
      return zone === likelyZone ? likelyDue : this.todos.dueOverview(userId, zone, now);
    });
    const [user, todos] = await Promise.all([
      profile,
      resultOrUnavailable(
        'dynamodb',
        Promise.all([lists, due]).then(([some, others]) => ({ ...some, due: others })),
      ),
    ]);
    if (user.down !== undefined && todos.down !== undefined) {
      throw user.down;
    }
    // The tombstone says so while PostgreSQL does not.
    if (user.value === null || todos.value?.counts === null) {
      throw new DuetError('user.not_found');
    }
    return {
      user: user.value ?? null,
      ...(todos.value === undefined ? { todos: null, upcoming: null, recent: null } : todosPart(todos.value.counts, todos.value)),
      generatedAt: new Date(now).toISOString(),
      degraded: [user.down && ('postgres' as const), todos.down && ('dynamodb' as const)].filter((store) => store !== undefined),
    };
  }

  private async profile(userId: string): Promise<User | null> {
    return withTimeout<User | null, never>(
      this.profileTimeoutMs,
      async () => this.users.findProfile(userId),
      () => {
        throw new StoreUnavailableError('postgres');
      },
    );
  }
}

function todosPart(
  { open, inProgress, done, archived }: TodoCounts,
  { recent, due: { overdue, dueToday, upcoming } }: { readonly recent: readonly Todo[]; readonly due: DueOverview },
): Pick<Dashboard, 'todos' | 'upcoming' | 'recent'> {
  return {
    todos: {
      total: open + inProgress + done,
      open,
      inProgress,
      done,
      archived,
      overdue: overdue.count,
      overdueCapped: overdue.capped,
      dueToday: dueToday.count,
      dueTodayCapped: dueToday.capped,
    },
    upcoming: [...upcoming] as Dashboard['upcoming'],
    recent: [...recent] as Dashboard['recent'],
  };
}

/** What a store gave, or the error that says it is down; any other error is thrown on. */
async function resultOrUnavailable<T>(
  store: StoreName,
  answer: Promise<T>,
): Promise<{ value: T; down?: undefined } | { value?: undefined; down: StoreUnavailableError }> {
  try {
    return { value: await answer };
  } catch (error) {
    if (error instanceof StoreUnavailableError && error.store === store) {
      return { down: error };
    }
    throw error;
  }
}
