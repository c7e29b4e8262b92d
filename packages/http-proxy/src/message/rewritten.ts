import type { HostPort } from '@inband/core';
import type { Literal } from './words.ts';

/** What a server is sent in place of what the client asked for. What is undefined stays as the client wrote it. */
export interface RewrittenTarget {
  /** Path and query. */
  readonly path: Literal | undefined;
  /** The value of `Host`. */
  readonly host: Literal | undefined;
  /** The same, for chainers that connect to where the client asks for. */
  readonly server: HostPort | undefined;
}
