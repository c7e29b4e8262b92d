import type { Report } from './messages.ts';

/** Sends a message to the supervisor. Resolves when it is sent, or the supervisor is gone. */
export function report(message: Report): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve();
    else process.send(message, undefined, undefined, () => resolve());
  });
}
