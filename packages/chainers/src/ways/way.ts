import type { Chainer } from '@inband/core';

/** A way to what a client asked for: straight, or by a parent. */
export interface Way {
  readonly chainer: Chainer;
  /** What it is marked by if it fails; undefined for a direct connection, which is never marked. */
  readonly key: string | undefined;
}

/** Ways in the order in which they are tried. Never empty. */
export type Ways = readonly Way[];
