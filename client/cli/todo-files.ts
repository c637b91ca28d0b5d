import Papa from 'papaparse';
import type { Todo, TodoContent } from '../index.js';
import { CommandError } from './world.js';

/** How todos are written to a file. */
export type FileFormat = 'json' | 'csv';

const writable = ['title', 'description', 'status', 'priority', 'due', 'tags', 'checklist'] as const;
/** What an export has beside, and an import passes over: the service gives it anew. */
const given = ['id', 'userId', 'createdAt', 'updatedAt', 'completedAt', 'archivedAt', 'version'] as const;
const csvColumns = ['id', ...writable, 'createdAt', 'updatedAt', 'completedAt', 'archivedAt'] as const;

/** Todos as the text of a file. In CSV, tags are separated by semicolons, and a checklist is JSON. */
export function writeTodos(todos: readonly Todo[], format: FileFormat): string {
  if (format === 'json') {
    return `${JSON.stringify(todos, null, 2)}\n`;
  }
  const rows = todos.map((todo) => ({ ...todo, tags: writeTags(todo.tags), checklist: todo.checklist.length === 0 ? '' : JSON.stringify(todo.checklist) }));
  return `${Papa.unparse(rows, { columns: [...csvColumns], newline: '\n' })}\n`;
}

/**
 * The todos of a file, as they are to be created; what an export adds is left out.
 *
 * @throws CommandError naming the row
 */
export function readTodos(text: string, format: FileFormat): TodoContent[] {
  const rows = format === 'json' ? readJson(text) : readCsv(text);
  return rows.map((row, index) => {
    const unknown = Object.keys(row).find((name) => ![...writable, ...given].some((known) => known === name));
    if (unknown !== undefined) {
      throw new CommandError(`Todo ${index + 1} has “${unknown}”, which no todo has: ${writable.join(', ')}`);
    }
    return Object.fromEntries(writable.flatMap((name) => (row[name] === undefined ? [] : [[name, row[name]]]))) as unknown as TodoContent;
  });
}

type Row = Readonly<Record<string, unknown>>;

function readJson(text: string): Row[] {
  const rows = parsed(text, 'The file is not JSON');
  if (!Array.isArray(rows) || rows.some((row) => typeof row !== 'object' || row === null || Array.isArray(row))) {
    throw new CommandError('The file must hold a list of todos: [{"title": "…"}, …]');
  }
  return rows as Row[];
}

function readCsv(text: string): Row[] {
  const { data, errors, meta } = Papa.parse<Record<string, string>>(text.replace(/^\uFEFF/, ''), { header: true, skipEmptyLines: 'greedy' });
  const problem = errors.find(({ code }) => code !== 'UndetectableDelimiter');
  if (problem !== undefined) {
    throw new CommandError(`Row ${(problem.row ?? 0) + 1} of the file is no CSV: ${problem.message}`);
  }
  if (!(meta.fields ?? []).includes('title')) {
    throw new CommandError('The first line must name the columns, and one of them is title');
  }
  return data.map((cells, index) => {
    const filled = Object.fromEntries(Object.entries(cells).filter(([, cell]) => cell !== ''));
    return {
      ...filled,
      ...(filled['tags'] !== undefined && { tags: readTags(filled['tags'], index) }),
      ...(filled['checklist'] !== undefined && { checklist: parsed(filled['checklist'], `The checklist of todo ${index + 1} is not JSON`) }),
    };
  });
}

// A tag with a semicolon in it makes the list JSON: nothing is lost.
function writeTags(tags: readonly string[]): string {
  return tags.some((tag) => /[;[]/.test(tag) || tag !== tag.trim()) ? JSON.stringify(tags) : tags.join('; ');
}

function readTags(cell: string, index: number): unknown {
  if (cell.startsWith('[')) {
    return parsed(cell, `The tags of todo ${index + 1} are not JSON`);
  }
  return cell
    .split(';')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');
}

function parsed(text: string, problem: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new CommandError(`${problem}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
