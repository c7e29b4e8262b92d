import { ProxyError } from '../base/errors.ts';
import type { SessionListener } from './session-record.ts';

/** The setting that limits the time of sessions when the program ends, or when its configuration is replaced. */
export type StoppedBy = 'shutdown.grace' | 'reload.maxAge';

/** Whether a protocol proxy was closed while sessions were going on, and by which setting. */
export interface ProxyEnd {
  stopped: StoppedBy | undefined;
}

const MESSAGES: Readonly<Record<StoppedBy, string>> = {
  'shutdown.grace': 'The proxy was stopped before the end.',
  'reload.maxAge': 'The configuration with which it began was replaced, and its time was over.',
};

/**
 * Wraps `listener` so that sessions that a stop of the proxy ended (`end`) say so in their records. On the wire they look as
 * if their clients or servers had closed. Closing a proxy destroys every connection, so every session that fails after it
 * was ended by it.
 */
export function blameStop(listener: SessionListener | undefined, end: ProxyEnd): SessionListener | undefined {
  if (listener === undefined) return undefined;
  return (record) => {
    const { stopped: setting } = end;
    if (setting === undefined || (!record.aborted && record.error === undefined)) return listener(record);
    const error = new ProxyError('connection_terminated', MESSAGES[setting], { setting, fault: 'proxy' });
    listener({ ...record, aborted: false, error });
  };
}
