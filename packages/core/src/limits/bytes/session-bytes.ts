import type { Flow, FlowOwner } from './flow.ts';
import type { Turn } from './turn.ts';

/** The limits of the bytes of one session. Undefined instead of it: there are none. */
export interface SessionBytes {
  /** What it has to wait for before it begins. Undefined: nothing. `sends`: whether bytes come from the client. The caller cancels it. */
  turn(sends: boolean): Turn | undefined;
  /** A flow of bytes from the client. The caller closes it. */
  fromClient(owner: FlowOwner): Flow;
  /** A flow of bytes to the client. The caller closes it. */
  toClient(owner: FlowOwner): Flow;
  /** The session has ended. Its flows are closed by then. */
  close(): void;
}
