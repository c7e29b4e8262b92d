import { ProxyError } from '../../base/errors.ts';
import type { SessionListener, SessionRecord } from './session-record.ts';

/** The setting that limits the time of sessions when the program ends, or when its configuration is replaced. */
export type StoppedBy = 'shutdown.grace' | 'shutdown.tunnels' | 'reload.maxAge';

/** Which sessions of a protocol proxy were ended because it was closed, and by which setting, by their kind. */
export type ProxyEnd = Record<SessionRecord['kind'], StoppedBy | undefined>;

const MESSAGES: Readonly<Record<StoppedBy, string>> = {
  'shutdown.grace': 'The proxy was stopped before the end.',
  'shutdown.tunnels': 'The proxy was stopped, and the time of its tunnels (shutdown.tunnels) was over.',
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
    const setting = end[record.kind];
    if (setting === undefined || (!record.aborted && record.error === undefined)) return listener(record);
    const error = new ProxyError('connection_terminated', MESSAGES[setting], { setting, fault: 'proxy' });
    listener({ ...record, aborted: false, error });
  };
}
