import type { Chainer, MaybePromise } from '@inband/core';

/** Makes chainers of the URLs of parents that filters choose. */
export interface FilterParents {
  /** Throws or rejects with what is wrong with the URL, without its password. Of the same URL it is the same one, as long as that is kept. */
  chainerFor(url: string): MaybePromise<Chainer>;
  close(): void;
}
