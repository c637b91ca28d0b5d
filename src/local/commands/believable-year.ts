import { newId } from '../../common/ids.js';
import { newTodo, nextTodo, type Todo, type TodoContent } from '../../features/todos/todos.js';

const dayMs = 86_400_000;
const hourMs = 3_600_000;

/** Something that somebody has to do: its writable fields, where they are not the usual ones. */
type Task = Partial<Omit<TodoContent, 'status' | 'due' | 'checklist'>> & { readonly title: string; readonly checklist?: readonly string[] };

/** Tasks that come again, by how many days lie between. */
const recurring: readonly (Task & { readonly everyDays: number })[] = [
  { title: 'Water the plants', everyDays: 7, tags: ['home'] },
  { title: 'Buy groceries', everyDays: 7, tags: ['home', 'errands'], checklist: ['Vegetables', 'Bread', 'Milk', 'Coffee'] },
  { title: 'Go for a long run', everyDays: 7, tags: ['health'], priority: 'low' },
  { title: 'Plan the week', everyDays: 7, tags: ['work'], checklist: ['Empty the inbox', 'Look at the calendar', 'Choose three goals'] },
  { title: 'Write the team’s update', everyDays: 7, tags: ['work', 'writing'] },
  { title: 'Call Mum', everyDays: 14, tags: ['family'] },
  { title: 'Change the bed linen', everyDays: 14, tags: ['home'], priority: 'low' },
  { title: 'Prepare the demo', everyDays: 14, tags: ['work'], priority: 'high' },
  { title: 'Pay the rent', everyDays: 30, tags: ['money'], priority: 'high' },
  { title: 'Hand in the expenses', everyDays: 30, tags: ['work', 'money'] },
  { title: 'Back up the laptop', everyDays: 30, tags: ['computer'], description: 'To the disk in the cupboard; then a restore of one folder.' },
  { title: 'Read the meters', everyDays: 90, tags: ['home', 'money'] },
  { title: 'Review the budget', everyDays: 90, tags: ['money'], priority: 'high' },
  { title: 'See the dentist', everyDays: 180, tags: ['health'] },
];

const once: readonly Task[] = [
  { title: 'Renew the passport', tags: ['travel'], priority: 'high', checklist: ['Photo', 'Form', 'Appointment', 'Collect it'] },
  { title: 'Book the flights to Lisbon', tags: ['travel', 'money'] },
  { title: 'Find a place to stay in Lisbon', tags: ['travel'] },
  { title: 'File the tax return', tags: ['money'], priority: 'high', checklist: ['Income', 'Insurance', 'Donations'] },
  { title: 'Repair the bicycle', tags: ['home'], description: 'The rear brake, and a new chain.' },
  { title: 'Paint the hallway', tags: ['home'], priority: 'low', checklist: ['Choose a colour', 'Mask the edges', 'First coat', 'Second coat'] },
  { title: 'A present for Grace', tags: ['family'] },
  { title: 'Write to the landlord about the heating', tags: ['home', 'writing'], priority: 'high' },
  { title: 'Learn twenty words of Portuguese', tags: ['travel', 'learning'], priority: 'low' },
  { title: 'Read “A Philosophy of Software Design”', tags: ['learning'], priority: 'low' },
  { title: 'Move the service to Node 22', tags: ['work', 'computer'], priority: 'high', checklist: ['Pipeline', 'Staging', 'Production'] },
  { title: 'Measure the cold starts', tags: ['work', 'computer'] },
  { title: 'Interview the candidate', tags: ['work'] },
  { title: 'Draft the talk about outboxes', tags: ['work', 'writing'], checklist: ['Outline', 'Slides', 'Rehearse'] },
  { title: 'Review Linus’s design', tags: ['work'] },
  { title: 'Cancel the old phone contract', tags: ['money', 'errands'] },
  { title: 'Sort the photos of the summer', tags: ['family', 'computer'], priority: 'low' },
  { title: 'Register for the half marathon', tags: ['health'] },
  { title: 'Get a flu vaccination', tags: ['health', 'errands'] },
  { title: 'Take the coat to the tailor', tags: ['errands'], priority: 'low' },
  { title: 'Return the books to the library', tags: ['errands'] },
  { title: 'Invite the neighbours to dinner', tags: ['home', 'family'] },
  { title: 'Try the recipe for ramen', tags: ['home'], priority: 'low', description: 'The broth takes a day: begin on Saturday.' },
  { title: 'Compare electricity contracts', tags: ['money'] },
  { title: 'Replace the smoke detector’s battery', tags: ['home'], priority: 'high' },
  { title: 'Write the retrospective', tags: ['work', 'writing'] },
  { title: 'Plant the tulips', tags: ['home'], priority: 'low' },
  { title: 'Ask for a quote for new windows', tags: ['home', 'money'] },
  { title: 'Tidy the cellar', tags: ['home'], priority: 'low' },
  { title: 'Set up the new phone', tags: ['computer'] },
];
/** How often each of them comes in a year, at days of its own. */
const timesOnce = 2;

/**
 * The todos of one person over the year before `now` and the weeks after it (milliseconds): what comes again and what comes once, nearly all of what is
 * past done, some of it late, a little overdue. In the order they were created; the same for the same `now`, but for their ids.
 */
export function believableYear(userId: string, now: number): Todo[] {
  const random = randomNumbers(20_261_126);
  const due = (daysAgo: number): number => startOfDay(now) - daysAgo * dayMs;
  const planned = [
    ...recurring.flatMap((task) =>
      Array.from({ length: Math.ceil(365 / task.everyDays) + 2 }, (_, index) => ({
        task,
        dueDay: due(365 - index * task.everyDays - Math.floor(random() * Math.min(3, task.everyDays))),
        leadDays: Math.min(task.everyDays, 14) * (0.4 + 0.6 * random()),
      })),
    ),
    ...Array.from({ length: timesOnce }, () => once).flatMap((tasks) =>
      tasks.map((task) => ({ task, dueDay: due(350 - Math.floor(random() * 430)), leadDays: 3 + random() * 60 })),
    ),
  ];
  return planned
    .map((plan) => livedThrough(plan, userId, now, random))
    .filter((todo) => todo !== undefined)
    .sort((left, right) => (left.createdAt < right.createdAt ? -1 : 1));
}

interface Plan {
  readonly task: Task;
  /** The beginning of the day that it is due. */
  readonly dueDay: number;
  readonly leadDays: number;
}

/** What became of a task by now; undefined when it is not there: not begun yet, or dropped. */
function livedThrough({ task, dueDay, leadDays }: Plan, userId: string, now: number, random: () => number): Todo | undefined {
  const createdAt = dueDay - leadDays * dayMs + (7 + random() * 14) * hourMs;
  const daysPast = (now - dueDay) / dayMs;
  const likelihood = daysPast > 21 ? 0.97 : daysPast > 1 ? 0.86 : daysPast > 0 ? 0.5 : 0.04;
  const isDone = random() < likelihood;
  const completedAt = Math.min(
    dueDay + (8 + random() * 13) * hourMs - Math.floor(random() * 3) * dayMs + (random() < 0.15 ? 2 * dayMs : 0),
    now - random() * hourMs,
  );
  const [hasDue, hasTime, isStarted] = [random() < 0.85, random() < 0.12, random() < 0.3];
  if (createdAt >= now || (!isDone && daysPast > 21)) {
    return undefined;
  }
  const steps = task.checklist ?? [];
  const content: TodoContent = {
    description: null,
    priority: 'normal',
    tags: [],
    ...task,
    status: 'open',
    due: !hasDue ? null : hasTime ? new Date(dueDay + 9.5 * hourMs).toISOString() : new Date(dueDay).toISOString().slice(0, 10),
    checklist: steps.map((title) => ({ title, done: false })),
  };
  const todo = newTodo({ ...newId(Math.floor(createdAt)), userId }, content);
  const laterThan = (instant: number): string => new Date(Math.max(instant, createdAt + 10 * 60_000)).toISOString();
  if (isDone) {
    return nextTodo(todo, { status: 'done', checklist: steps.map((title) => ({ title, done: true })) }, laterThan(completedAt));
  }
  return isStarted
    ? nextTodo(todo, { status: 'in_progress', checklist: steps.map((title, index) => ({ title, done: index === 0 })) }, laterThan(now - random() * dayMs))
    : todo;
}

const startOfDay = (instant: number): number => instant - (instant % dayMs);

/** Numbers from 0 to 1 that are the same in every run: https://en.wikipedia.org/wiki/Linear_congruential_generator, with the numbers of Numerical Recipes. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
}
