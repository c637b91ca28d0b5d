import { Command } from 'commander';
import type { VisitCounter } from '../index.js';
import type { Run } from './account-commands.js';
import { type Result, UsageError } from './world.js';

/** The commands about the visit counter and the record. */
export function otherCommands(run: Run): Command[] {
  const counter = new Command('counter').description('the public visit counter');
  counter.addCommand(
    new Command('show').description('read it').action(async () => run(async (duet) => visits(await duet.counter.read()))),
    { isDefault: true },
  );
  counter.addCommand(new Command('count').description('count a visit').action(async () => run(async (duet) => visits(await duet.counter.count()))));

  const record = new Command('record').description('the free-form record of the account');
  record.addCommand(
    new Command('show').description('read it').action(async () => run(async (duet) => asJson(await duet.records.get()))),
    { isDefault: true },
  );
  record.addCommand(
    new Command('create')
      .description('store one')
      .argument('<name=value...>', 'a value is JSON, or else text')
      .action(async (pairs: string[]) => run(async (duet) => asJson(await duet.records.create(attributes(pairs))))),
  );
  record.addCommand(
    new Command('set')
      .description('set one attribute')
      .argument('<name>')
      .argument('<value>', 'JSON, or else text')
      .action(async (name: string, value: string) => run(async (duet) => asJson(await duet.records.set(name, jsonOrText(value))))),
  );
  record.addCommand(
    new Command('delete').description('delete it').action(async () =>
      run(async (duet) => {
        await duet.records.delete();
        return { data: null, text: 'Deleted.' };
      }),
    ),
  );
  return [counter, record];
}

function visits(counter: VisitCounter): Result {
  const last = counter.lastUpdated === null ? '' : `, the last at ${counter.lastUpdated}`;
  return { data: counter, text: `${counter.visitCount} ${counter.visitCount === 1 ? 'visit' : 'visits'}${last}` };
}

function asJson(data: unknown): Result {
  return { data, text: JSON.stringify(data, null, 2) };
}

function attributes(pairs: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) {
        throw new UsageError(`“${pair}” is not NAME=VALUE`);
      }
      return [pair.slice(0, at), jsonOrText(pair.slice(at + 1))];
    }),
  );
}

function jsonOrText(value: string): unknown {
  try {
    return JSON.parse(value) as unknown;
  } catch {
    // Text needs no quotes on a command line.
    return value;
  }
}
