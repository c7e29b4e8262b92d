import {
  type FilterEnd,
  isPromise,
  type Logger,
  type ServiceFilter,
  type SessionListener,
  summarise,
} from '@inband/core';

/** Tells filters of the end of each session. Undefined if none wants to know. What one throws is a line of the log, with its name. */
export function filterEnds(filters: readonly ServiceFilter[], logger: Logger): SessionListener | undefined {
  const told = filters.filter(({ filter }) => filter.onEnd !== undefined);
  if (told.length === 0) return undefined;
  return (record) => {
    const end: FilterEnd = { ...summarise(record), status: record.status, error: record.error?.code };
    for (const { kind, filter } of told) {
      const defect = (err: unknown): void =>
        logger.error({ err, filter: kind }, `the filter "${kind}" failed in onEnd`);
      try {
        // The type of a listener allows an async function.
        const result: unknown = filter.onEnd?.(end);
        if (isPromise(result)) result.catch(defect);
      } catch (error) {
        defect(error);
      }
    }
  };
}
