import { type ReactNode, useEffect, useRef } from 'react';
import { Icon, Logo } from '../design/icon.js';
import { NeedsDecision } from '../sync/needs-decision.js';
import { SyncState } from '../sync/sync-state.js';
import { type PageName, places } from './places.js';

/** Navigation around a page: beside it where there is room, below it on a phone. */
export function Shell({ page, title, children }: { page: PageName; title: string; children: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  const shown = useRef(page);
  useEffect(() => {
    // Where a reader is after a change of page; at the start, the browser's own place is right.
    if (shown.current !== page) {
      shown.current = page;
      heading.current?.focus();
      scrollTo(0, 0);
    }
  }, [page]);
  return (
    <div className="shell">
      <a className="skip-link" href="#main" onClick={(event) => (event.preventDefault(), heading.current?.focus())}>
        Skip to the page
      </a>
      <header className="shell-bar">
        <a className="brand" href="#/todos" aria-label="Duet">
          <Logo />
          <span>Duet</span>
        </a>
        <nav aria-label="Pages">
          <ul className="places">
            {places.map(([name, text]) => (
              <li key={name}>
                <a href={`#/${name}`} aria-current={name === page ? 'page' : undefined}>
                  <Icon name={name} />
                  <span>{text}</span>
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <SyncState />
      </header>
      <main className="page" id="main">
        <h1 ref={heading} tabIndex={-1}>
          {title}
        </h1>
        <NeedsDecision />
        {children}
      </main>
    </div>
  );
}
