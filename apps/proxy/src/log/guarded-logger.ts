import { isPromise, type Logger, toProxyError } from '@inband/core';

/**
 * Wraps the logger of an embedding program so that it never throws. Its first error or rejection becomes a warning of the
 * process, because there is no log to write it to.
 */
export function guardedLogger(logger: Logger): Logger {
  let isWarned = false;
  const defect = (error: unknown): void => {
    if (isWarned) return;
    isWarned = true;
    process.emitWarning(`The logger that was given to Inband threw: ${toProxyError(error).message}`, 'InbandWarning');
  };
  const guarded = (level: keyof Logger): Logger[keyof Logger] => {
    return (fields, message) => {
      try {
        const result: unknown = logger[level](fields, message);
        if (isPromise(result)) result.catch(defect);
      } catch (error) {
        defect(error);
      }
    };
  };
  return { debug: guarded('debug'), info: guarded('info'), warn: guarded('warn'), error: guarded('error') };
}
