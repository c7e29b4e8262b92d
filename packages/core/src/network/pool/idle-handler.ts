import type { ConnectionHandler } from '../../base/connection.ts';

/**
 * Handles a server connection while no session uses it. Nothing was asked of the server then: bytes that it sends would be
 * taken for the answer to the next request, and an end or an error leaves nothing to use. So each of them ends it.
 */
export abstract class IdleHandler implements ConnectionHandler {
  /** The server sent unsolicited bytes, or it ended or lost the connection. */
  protected abstract idleEnded(how: 'sent' | 'closed'): void;

  data(): void {
    this.idleEnded('sent');
  }

  drained(): void {}

  ended(): void {
    this.idleEnded('closed');
  }

  closed(): void {
    this.idleEnded('closed');
  }
}
