import { isPromise, type Logger, toProxyError } from '@inband/core';

/**
 * A logger of the program that embeds the proxy, made safe to call from anywhere: what it throws, or rejects with, is a
 * warning of the process, once, because there is no log to say it in.
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
