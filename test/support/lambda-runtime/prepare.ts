// Fetches and compiles what the specs run functions with, once, before several of them ask for it at the same time.
import { lambdaRuntimes } from './lambda-runtimes.js';

await lambdaRuntimes();
