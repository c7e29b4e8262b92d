import type { SendHandle } from 'node:child_process';
import type { Report } from './messages.ts';

/** Sends a message to the supervisor, with a handle if need be. Resolves when it is sent, or the supervisor is gone. */
export function report(message: Report, handle?: SendHandle): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve();
    else process.send(message, handle, undefined, () => resolve());
  });
}
