/** What may call an attempt off. An `AbortSignal` is one, and a `Session` is one that costs less. */
export interface Cancellation {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}
