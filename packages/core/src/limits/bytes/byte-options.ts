/** Bytes per second of each way, seen from here: from clients, and to them. */
export interface Bandwidth {
  readonly in?: number | undefined;
  readonly out?: number | undefined;
}

/** So many bytes in a day. */
export interface DailyBytes {
  readonly bytes: number;
  /** The same as it was written, for a person: `50GiB/day`. */
  readonly written: string;
  /** Whether bytes pass while nobody knows what others have used of it. */
  readonly soft?: boolean | undefined;
}

/** How fast clients must send a body, or take one. */
export interface LeastRate {
  /** Bytes per second. */
  readonly rate: number;
  /** The same as it was written: `1KiB/s`. */
  readonly written: string;
  /** Milliseconds over which it is measured. */
  readonly grace: number;
}

/** Bytes of bodies and tunnels of the service as a whole, of a client or of a user. */
export interface ScopeBytes {
  readonly bandwidth?: Bandwidth | undefined;
  /** Both ways together. */
  readonly quota?: DailyBytes | undefined;
}

/** What limits the bytes of a service as a whole. */
export interface ServiceBytes extends ScopeBytes {
  /** Of clients that send the body of a request, and of those that take that of an answer. */
  readonly minimumRate?:
    | { readonly request?: LeastRate | undefined; readonly response?: LeastRate | undefined }
    | undefined;
  /** Bytes that may be queued in all connections of the process. While there are more, this service reads none. */
  readonly queued?: number | undefined;
}
