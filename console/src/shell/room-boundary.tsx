import { Component, type ReactNode } from 'react';
import { ErrorNotice } from './error-notice.tsx';

/** Keeps a fault in one room from taking the whole page with it. */
export class RoomBoundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state = { error: null as unknown };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    if (this.state.error === null) return this.props.children;
    return (
      <div className="room-fault">
        <ErrorNotice error={this.state.error} onRetry={() => location.reload()} />
      </div>
    );
  }
}
