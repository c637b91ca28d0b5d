import { Inject, Injectable } from '@nestjs/common';
import type { Caller } from '../../common/caller.js';
import { DuetError, StoreUnavailableError, type StoreName } from '../../common/errors.js';
import { TodosService } from '../todos/todos.service.js';
import type { User } from '../users/user.js';
import { UsersService } from '../users/users.service.js';
import type { Dashboard } from './dashboard.schemas.js';

/** How long the day's boundaries wait for the profile's time zone, in milliseconds: then PostgreSQL counts as down, and DynamoDB still has time to answer. */
const profilePatienceMs = 1_200;

/** One look at both stores: what one of them cannot give is null, and its name stands in `degraded`. */
@Injectable()
export class DashboardService {
  constructor(
    @Inject(UsersService) private readonly users: UsersService,
    @Inject(TodosService) private readonly todos: TodosService,
  ) {}

  /**
   * A user's dashboard, as the user's own time zone sees it. Its cost does not grow with the number of todos.
   *
   * @throws DuetError `user.not_found`; StoreUnavailableError when both stores are down.
   */
  async of(userId: string, caller: Caller): Promise<Dashboard> {
    const now = Date.now();
    const profile = unlessDown('postgres', patiently(this.users.findProfile(userId)));
    // The profile's zone is the truth. The token's is that of a quarter of an hour ago at most, so both stores are asked at once on the
    // strength of it; it also serves while the profile cannot be read.
    const likelyZone = caller.userId === userId ? caller.timeZone : 'UTC';
    const counts = this.todos.counts(userId);
    const lists = Promise.all([counts, this.todos.recent(userId)]);
    const dueIn = async (zone: string) => this.todos.dueOverview(userId, zone, now, counts);
    const likelyDue = dueIn(likelyZone);
    // Their failures are met where they are awaited; the second may have another in its place.
    for (const early of [lists, likelyDue]) early.catch(() => undefined);
    const due = profile.then(async ({ value }) => {
      const zone = value?.timeZone ?? likelyZone;
      return zone === likelyZone ? likelyDue : dueIn(zone);
    });
    const [user, todos] = await Promise.all([profile, unlessDown('dynamodb', Promise.all([lists, due]))]);
    if (user.down !== undefined && todos.down !== undefined) {
      throw user.down;
    }
    if (user.value === null) {
      throw new DuetError('user.not_found');
    }
    return {
      user: user.value ?? null,
      ...(todos.value === undefined ? { todos: null, upcoming: null, recent: null } : todosPart(todos.value)),
      generatedAt: new Date(now).toISOString(),
      degraded: [user.down && ('postgres' as const), todos.down && ('dynamodb' as const)].filter((store) => store !== undefined),
    };
  }
}

type TodosAnswer = [
  [Awaited<ReturnType<TodosService['counts']>>, Awaited<ReturnType<TodosService['recent']>>],
  Awaited<ReturnType<TodosService['dueOverview']>>,
];

function todosPart([[counts, recent], { overdue, overdueCapped, dueToday, upcoming }]: TodosAnswer): Pick<Dashboard, 'todos' | 'upcoming' | 'recent'> {
  const { open, inProgress, done, archived } = counts;
  return {
    todos: { total: open + inProgress + done, open, inProgress, done, archived, overdue, overdueCapped, dueToday },
    upcoming: [...upcoming] as Dashboard['upcoming'],
    recent: [...recent] as Dashboard['recent'],
  };
}

/** What a store gave, or the error that says it is down; any other error is thrown on. */
async function unlessDown<T>(
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

async function patiently(profile: Promise<User | null>): Promise<User | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new StoreUnavailableError('postgres')), profilePatienceMs);
  });
  try {
    return await Promise.race([profile, late]);
  } finally {
    clearTimeout(timer);
  }
}
