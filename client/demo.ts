import { PasswordPrompt } from './demo/password-prompt.js';
import { runDemo } from './demo/run.js';

// Whoever reads our output may leave before us, as `head` does; the user we made is erased all the same.
process.stdout.on('error', () => undefined);
process.stderr.on('error', () => undefined);

const interruption = new AbortController();
process.once('SIGINT', () => interruption.abort());
process.once('SIGTERM', () => interruption.abort());

const prompt = process.stdin.isTTY ? new PasswordPrompt(process.stdin, (text) => void process.stderr.write(text)) : undefined;

process.exitCode = await runDemo({
  args: process.argv.slice(2),
  environment: process.env,
  terminal: process.stdout.isTTY,
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  askPassword: prompt && (async (question) => prompt.ask(question)),
  interruption: interruption.signal,
});
