import { type Session, Timeout, type TimeoutList } from '@inband/core';

/**
 * Waits for `result`, for as long as `list` says, and no longer than for the session: undefined if that is aborted before. Rejects with
 * `late()` when the time is up. What comes of `result` later is dropped.
 */
export function bounded<Result>(
  result: PromiseLike<Result>,
  session: Session,
  list: TimeoutList,
  late: () => Error,
): Promise<Result | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Result | undefined>();
  const timeout = new Timeout(() => {
    session.removeEventListener('abort', aborted);
    reject(late());
  });
  const end = (): void => {
    timeout.cancel();
    session.removeEventListener('abort', aborted);
  };
  const aborted = (): void => {
    timeout.cancel();
    resolve(undefined);
  };
  if (session.aborted) {
    resolve(undefined);
    // What it rejects with is nobody's any more.
    result.then(ignore, ignore);
    return promise;
  }
  timeout.start(list);
  session.addEventListener('abort', aborted);
  result.then(
    (value) => {
      end();
      resolve(value);
    },
    (error: unknown) => {
      end();
      reject(error);
    },
  );
  return promise;
}

function ignore(): void {}
