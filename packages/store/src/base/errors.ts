/**
 * Why a store cannot answer.
 * - `timeout`: no answer within the deadline. What was asked for may have been done, or may be done yet.
 * - `disconnected`: there is no connection, or it ended before the answer, with the same doubt.
 * - `away`: it was not asked, because the calls before have failed.
 * - `busy`: others of this process were before it, and its time was over. That says nothing of the store. It may have been asked.
 * - `full`: it has no room.
 * - `refused`: it answers that it does not do it: loading, read-only, not the one in charge, not allowed to this user.
 * - `contended`: too many change the same thing at the same time. Nothing was done.
 * - `closed`: the store was closed here.
 */
export type UnavailableReason =
  | 'timeout'
  | 'disconnected'
  | 'away'
  | 'busy'
  | 'full'
  | 'refused'
  | 'contended'
  | 'closed';

/** Whatever a store rejects with. Its message never holds credentials. */
export class StoreError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
  }
}

/** The store cannot answer now. What then applies is decided by whoever asks. */
export class StoreUnavailable extends StoreError {
  readonly reason: UnavailableReason;

  constructor(reason: UnavailableReason, message: string, cause?: unknown) {
    super(message, cause);
    this.reason = reason;
  }
}

/** A call that no store can do: a name that is too long, a rate that is not whole. It was not asked. */
export class StoreArgumentError extends StoreError {}
