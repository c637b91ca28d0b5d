import '../design/tokens.css';
import '../design/base.css';
import '../design/controls.css';
import './shell.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { firstSign } from './ahead.js';
import { App } from './app.js';
import { SessionContext } from './contexts.js';
import { AppSession } from './session.js';
import { registerShellWorker } from './shell-worker.js';

/** Where the service is: the deployment writes it into `config.json`; relative to the page. */
async function readApiUrl(): Promise<string> {
  const answer = await fetch('./config.json');
  const { apiUrl } = (await answer.json()) as { apiUrl: string };
  return new URL(apiUrl, location.href.replace(/#.*/, '')).href;
}

async function start(): Promise<void> {
  const session = await AppSession.open(await readApiUrl());
  const place = document.querySelector('#app');
  if (place !== null) {
    createRoot(place).render(
      <StrictMode>
        <SessionContext value={session}>
          <App />
        </SessionContext>
      </StrictMode>,
    );
  }
  await firstSign;
  await registerShellWorker();
}

void start();
