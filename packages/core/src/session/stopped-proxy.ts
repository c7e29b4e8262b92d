import { ProxyError } from '../base/errors.ts';
import type { SessionListener } from './session-record.ts';

/** Whether a protocol proxy was closed while sessions were going on. */
export interface ProxyEnd {
  stopped: boolean;
}

/**
 * Wraps `listener` so that sessions that a stop of the proxy ended (`end`) say so in their records. On the wire they look as
 * if their clients or servers had closed. Closing a proxy destroys every connection, so every session that fails after it
 * was ended by it.
 */
export function blameStop(listener: SessionListener | undefined, end: ProxyEnd): SessionListener | undefined {
  if (listener === undefined) return undefined;
  return (record) => {
    if (!end.stopped || (!record.aborted && record.error === undefined)) return listener(record);
    const message = 'The proxy was stopped before the end.';
    const error = new ProxyError('connection_terminated', message, { setting: 'shutdown.grace', fault: 'proxy' });
    listener({ ...record, aborted: false, error });
  };
}
