import type { PacErrorKind } from './pac-error.ts';

/** What a thread is asked for. It is asked one thing at a time. */
export type Question =
  | { readonly type: 'load'; readonly text: string }
  | { readonly type: 'find'; readonly url: string; readonly host: string; readonly names: KnownNames };

/** What a thread is started with. */
export interface ThreadData {
  /** The file that it is to load first, which an earlier thread has loaded. */
  readonly text: string | undefined;
}

/** Names that a file has asked for, each with its addresses; none where it has none. */
export type KnownNames = ReadonlyMap<string, readonly string[]>;

/** How a call of a file ended. */
export type Outcome =
  | { readonly type: 'loaded' }
  | { readonly type: 'answer'; readonly text: string }
  /** The file needs the addresses of a name, and is called again when they are known. */
  | { readonly type: 'needs'; readonly name: string }
  | { readonly type: 'failed'; readonly kind: PacErrorKind; readonly message: string };

export interface Reply {
  readonly outcome: Outcome;
  /** What the file has told by `alert`. */
  readonly alerts: readonly string[];
}
