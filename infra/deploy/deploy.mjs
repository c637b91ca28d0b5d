#!/usr/bin/env node
/**
 * `npm run deploy -- dev`: an environment from nothing, or its next release, and each failure with what to do about it.
 *
 *   deploy.mjs     the command line
 *   steps.mjs      what each command does, in order
 *   aws.mjs        calls to AWS, by its own command line
 *   terraform.mjs  a root module with its state
 *   release.mjs    moving requests to a version of http, and back
 *
 * Plain JavaScript, because it runs before anything is compiled. It asks for no secret: the apply has AWS make them.
 */
import process from 'node:process';
import { Command, Option } from 'commander';
import { DeployError } from './errors.mjs';
import { bootstrap, deploy, destroy, rollback } from './steps.mjs';

const program = new Command('npm run deploy --')
  .description('Deploys Duet to AWS. It asks before it changes anything.')
  .showHelpAfterError('(--help lists the commands)')
  .enablePositionalOptions();

const withAccount = (command) =>
  command
    .option('--region <region>', 'the AWS region; default: AWS_REGION, or as configured for the AWS CLI')
    .option('--account <id>', 'refuse any other account than this one');
const withEnvironment = (command) =>
  withAccount(command)
    .argument('<kind>', 'dev or prod: infra/environment/<kind>.tfvars')
    .option('--name <name>', "the environment's name, where it is not its kind's")
    .addOption(new Option('--arch <architecture>', "the functions' architecture").choices(['arm64', 'x86_64']).default('arm64'))
    .option('--packages <folder>', 'take these packages; default: npm run package');
const withConsent = (command) => command.option('--yes', 'do not ask').option('--plan', 'show what would change, and change nothing');

withConsent(withEnvironment(program.command('up', { isDefault: true })))
  .description('packages, plans, applies, migrates, releases and plays the demo; "npm run deploy -- dev" for short')
  .option('--no-smoke', 'without the demo at the end')
  .option('--detailed-exitcode', 'with --plan: exit with 2 when something would change')
  .option('--no-refresh', 'with --plan: compare with the state alone, not with what runs')
  .action(deploy);
withConsent(withEnvironment(program.command('destroy')))
  .description('destroys an environment, its data included')
  .action(destroy);
withEnvironment(program.command('rollback'))
  .description('moves requests back to an earlier version of http, in seconds')
  .argument('<version>', 'as the deployment that replaced it said')
  .action(rollback);
withConsent(withAccount(program.command('bootstrap')))
  .description('once an account: state bucket, permission boundary, and roles for the pipeline of a repository')
  .option('--repository <owner/name>', 'the GitHub repository whose workflows deploy')
  .action(bootstrap);

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof DeployError) && error.name !== 'ExitPromptError') {
    throw error;
  }
  process.stderr.write(`\n${error.name === 'ExitPromptError' ? 'Nothing was changed' : error.message}\n`);
  process.exitCode = 1;
}
