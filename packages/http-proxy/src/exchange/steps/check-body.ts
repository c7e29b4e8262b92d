import type { Call, Step } from './step.ts';

/** Looks at what has come of a body before anything is sent: what is malformed from the beginning reaches no server. */
export function checkBody(): Step {
  return { name: 'check-body', request: check };
}

function check({ client }: Call): void {
  client.checkBody();
}
