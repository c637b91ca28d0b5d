import * as z from 'zod';
import { exampleTodo, todoSchema } from '../todos/todos.schemas.js';
import { exampleUser, userSchema } from '../users/users.schemas.js';

const count = z.int().min(0);

/** What `GET /dashboard/{id}` answers; what a store that is down would have given is null. */
export const dashboardSchema = z
  .object({
    user: userSchema.nullable(),
    todos: z
      .object({
        total: count.meta({ description: 'Open, in progress and done; the archived are left out.' }),
        open: count,
        inProgress: count,
        done: count,
        archived: count,
        overdue: count.max(100).meta({ description: 'Active and past due, counted to 100.' }),
        overdueCapped: z.boolean().meta({ description: 'Whether there are more overdue than were counted.' }),
        dueToday: count.max(100).meta({ description: 'Active and due on the user’s today, past instants included, counted to 100.' }),
        dueTodayCapped: z.boolean().meta({ description: 'Whether more are due today than were counted.' }),
      })
      .nullable(),
    upcoming: z.array(todoSchema).max(5).nullable().meta({ description: 'The next due, not yet past.' }),
    recent: z.array(todoSchema).max(5).nullable().meta({ description: 'The last created.' }),
    generatedAt: z.iso.datetime(),
    degraded: z.array(z.enum(['postgres', 'dynamodb'])).meta({ description: 'The stores that did not answer.' }),
  })
  .meta({
    id: 'Dashboard',
    description: 'An account at a glance: counts, what is next, and what came last.',
    example: {
      user: exampleUser,
      todos: { total: 1, open: 1, inProgress: 0, done: 0, archived: 0, overdue: 0, overdueCapped: false, dueToday: 0, dueTodayCapped: false },
      upcoming: [exampleTodo],
      recent: [exampleTodo],
      generatedAt: '2026-11-20T09:31:00.000Z',
      degraded: [],
    },
  });

export type Dashboard = z.infer<typeof dashboardSchema>;
