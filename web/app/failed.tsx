import { Component, type ReactNode } from 'react';
import { Button } from '../design/button.js';

/** What shows where a page could not be loaded or drawn, in place of an empty screen. */
export class Failed extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override render(): ReactNode {
    if (!this.state.failed) {
      return this.props.children;
    }
    return (
      <div className="notice" data-tone="problem" role="alert">
        <p>This page could not be shown. Your todos are safe; load it again.</p>
        <Button onClick={() => location.reload()}>Load again</Button>
      </div>
    );
  }
}
