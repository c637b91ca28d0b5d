import { type ReactNode, useEffect } from 'react';
import { Logo } from '../design/icon.js';
import './entrance.css';

/** What surrounds the forms of who is not signed in. */
export function Entrance({ title, children }: { title: string; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Duet`;
  }, [title]);
  return (
    <div className="entrance">
      <header className="entrance-brand">
        <p className="brand">
          <Logo />
          <span>Duet</span>
        </p>
        <p className="entrance-claim">Todos that keep time with you: here, there and offline.</p>
      </header>
      <main className="entrance-main">
        <h1>{title}</h1>
        {children}
      </main>
    </div>
  );
}
