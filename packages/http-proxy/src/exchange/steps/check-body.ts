import type { Call, Step } from './step.ts';

/** Checks what has come of a body before anything is sent, so that one that begins malformed reaches no server. */
export function checkBody(): Step {
  return { name: 'check-body', request: check };
}

function check({ client }: Call): void {
  client.checkBody();
}
