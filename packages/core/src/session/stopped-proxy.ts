import { ProxyError } from '../base/errors.ts';
import type { SessionListener } from './session-record.ts';

/** Whether a protocol proxy has been closed with whatever was still going on in it. */
export interface ProxyEnd {
  stopped: boolean;
}

/**
 * Tells `listener` of sessions as they are, but for those that end because the proxy was stopped before them (`end`): on the
 * wire that looks as if their clients had gone away, or their servers, and it was not they. Closing destroys every connection, so
 * whatever comes later ends because of that.
 */
export function tellingOfStops(listener: SessionListener | undefined, end: ProxyEnd): SessionListener | undefined {
  if (listener === undefined) return undefined;
  return (record) => {
    if (!end.stopped || (!record.aborted && record.error === undefined)) return listener(record);
    const message = 'The proxy was stopped before the end.';
    const error = new ProxyError('connection_terminated', message, { setting: 'shutdown.grace', fault: 'proxy' });
    listener({ ...record, aborted: false, error });
  };
}
