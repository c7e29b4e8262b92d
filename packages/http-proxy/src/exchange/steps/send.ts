import type { Call, Step } from './step.ts';

/** Sends the request on, or opens the tunnel that it asks for. Always the last step. */
export function send(): Step {
  return { name: 'send', request: (call: Call) => call.send() };
}
