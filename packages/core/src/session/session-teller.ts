import { isPromise } from '../base/maybe-promise.ts';
import type { Logger } from '../base/logger.ts';
import type { SessionListener } from './session-record.ts';

/**
 * Tells `listeners` of sessions, and is the only way in which they are told. A listener is somebody else's code that is
 * called when sockets are to be given back: one that throws, or whose promise rejects, is a defect in the log, and neither
 * the session nor the other listeners notice. Undefined when nobody listens: then nothing need be gathered.
 */
export function sessionTeller(
  listeners: readonly (SessionListener | undefined)[],
  logger: Logger,
): SessionListener | undefined {
  const each = listeners.filter((listener) => listener !== undefined).map((listener) => guarded(listener, logger));
  const [first, ...others] = each;
  if (first === undefined || others.length === 0) return first;
  return (record) => {
    for (const tell of each) tell(record);
  };
}

function guarded(listener: SessionListener, logger: Logger): SessionListener {
  const defect = (err: unknown): void => logger.error({ err }, 'defect of a session listener');
  return (record) => {
    try {
      // An async function is a listener too, as far as types go.
      const result: unknown = listener(record);
      if (isPromise(result)) result.catch(defect);
    } catch (error) {
      defect(error);
    }
  };
}
