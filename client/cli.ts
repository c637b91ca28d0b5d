#!/usr/bin/env node
import { password } from '@inquirer/prompts';
import { runCli } from './cli/program.js';

// The reader of our output may end before us, as `head` does; what was begun is finished all the same.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

const interruption = new AbortController();
process.once('SIGINT', () => interruption.abort());
process.once('SIGTERM', () => interruption.abort());

process.exitCode = await runCli({
  args: process.argv.slice(2),
  environment: process.env,
  terminal: process.stdout.isTTY,
  progressTerminal: process.stderr.isTTY,
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  // On standard error, so that a redirected output does not swallow the question.
  askPassword: process.stdin.isTTY ? async (message) => password({ message }, { output: process.stderr }) : undefined,
  interruption: interruption.signal,
});
