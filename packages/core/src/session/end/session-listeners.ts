import type { Logger } from '../../base/logger.ts';
import { isPromise } from '../../base/maybe-promise.ts';
import type { SessionListener } from './session-record.ts';

/** Holds the listener of sessions of proxies that are running, so that it can be replaced, for example when access lines are turned on. */
export class SessionListenerSlot {
  listener: SessionListener | undefined;

  constructor(listener: SessionListener | undefined) {
    this.listener = listener;
  }
}

/**
 * Combines `listeners` into one, which is the only way in which they are called. A listener may be a plugin's, and it is
 * called while sockets are being released. So one that throws, or whose promise rejects, is a defect in the log, and neither
 * the session nor the other listeners are affected. Undefined when there is none: then no record need be made.
 */
export function combineListeners(
  listeners: readonly (SessionListener | undefined)[],
  logger: Logger,
): SessionListener | undefined {
  const each = listeners.filter((listener) => listener !== undefined).map((listener) => guarded(listener, logger));
  const [first, ...others] = each;
  if (first === undefined || others.length === 0) return first;
  return (record) => {
    for (const listener of each) listener(record);
  };
}

function guarded(listener: SessionListener, logger: Logger): SessionListener {
  const defect = (err: unknown): void => logger.error({ err }, 'defect of a session listener');
  return (record) => {
    try {
      // The type of a listener allows an async function.
      const result: unknown = listener(record);
      if (isPromise(result)) result.catch(defect);
    } catch (error) {
      defect(error);
    }
  };
}
