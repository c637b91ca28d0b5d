import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from '../errors/system-errors.js';

/** A numeric user to run a process as; only root can choose one. */
export interface RunAs {
  readonly uid: number;
  readonly gid: number;
}

/** Called with what is worth a line on the terminal. */
export type OnProgress = (text: string) => void;

/**
 * The whole environment of the processes started here. Built, not inherited: a store has no business with the
 * service's secrets, and must not change its behaviour with the caller's locale, time zone or `PG…` variables.
 */
export const toolEnvironment: Readonly<Record<string, string>> = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

/**
 * When a process started, in the system's own terms, or null when there is none (a zombie counts as none).
 * Together with the pid this names a process for good, although pids are used again.
 */
export function startTimeOf(pid: number): string | null {
  if (process.platform === 'linux') {
    const [state, , ...rest] = statFields(pid);
    return state === undefined || state === 'Z' || state === 'X' ? null : (rest[17] ?? null);
  }
  const line = ps(pid, 'stat=,lstart=');
  return line === null || line.startsWith('Z') ? null : line.replace(/^\S+\s+/, '');
}

/** A process's command line, the words joined by spaces, or null when it cannot be known. */
export function commandOf(pid: number): string | null {
  return process.platform === 'linux' ? (readProc(pid, 'cmdline')?.replaceAll('\0', ' ') ?? null) : ps(pid, 'args=');
}

/** The words of a process's command line, the program first; empty when it cannot be known. Where only `ps` knows, words with spaces come apart. */
export function argumentsOf(pid: number): string[] {
  return process.platform === 'linux' ? (readProc(pid, 'cmdline')?.split('\0') ?? []) : (ps(pid, 'args=')?.split(/\s+/) ?? []);
}

/** The pid of a process's parent, or null when there is no such process. */
export function parentOf(pid: number): number | null {
  const text = process.platform === 'linux' ? statFields(pid)[1] : ps(pid, 'ppid=');
  return text === undefined || text === null ? null : Number(text);
}

// proc(5), from field 3 on: state, parent, …, and the start time as field 22. The name before them, in parentheses, may hold anything.
function statFields(pid: number): string[] {
  const stat = readProc(pid, 'stat');
  return stat === null ? [] : stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function readProc(pid: number, file: string): string | null {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ESRCH', 'EACCES')) {
      return null;
    }
    throw error;
  }
}

function ps(pid: number, columns: string): string | null {
  try {
    return (
      execFileSync('ps', ['-o', columns, '-p', String(pid)], { env: toolEnvironment, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim() || null
    );
  } catch (error) {
    // ps exits with 1 when there is no such process.
    if (typeof error === 'object' && error !== null && 'status' in error && error.status === 1) {
      return null;
    }
    throw error;
  }
}

/** One attempt to end a process: a signal, and how long to wait before the next. */
export interface EndStep {
  readonly signal: NodeJS.Signals;
  readonly patienceMs: number;
}

/** Ends a process, more firmly with each step; resolves when it is gone. */
export async function endProcess(pid: number, steps: readonly EndStep[]): Promise<void> {
  const startTime = startTimeOf(pid);
  for (const { signal, patienceMs } of startTime === null ? [] : steps) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if (hasCode(error, 'ESRCH')) {
        return;
      }
      throw error;
    }
    for (const deadline = Date.now() + patienceMs; Date.now() < deadline;) {
      if (startTimeOf(pid) !== startTime) {
        return;
      }
      await sleep(20);
    }
  }
}
