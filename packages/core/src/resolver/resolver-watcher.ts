import type { ProxyErrorCode } from '../base/errors.ts';

/** For whoever counts look-ups. Its methods must not throw. */
export interface ResolverWatcher {
  /** The cache had the answer. */
  answeredFromCache(): void;
  /** A look-up runs. */
  began(): void;
  /** A look-up ended with an error, or did not get its turn in time. */
  failed(code: ProxyErrorCode): void;
  /** So many look-ups are in the queue now. */
  waiting(count: number): void;
}
