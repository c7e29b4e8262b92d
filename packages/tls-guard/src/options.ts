/** Settings of a TLS guard. Durations in milliseconds. */
export interface TlsGuardOptions {
  /** Names that may stand in the ClientHello beside the host of the tunnel: exact, or `*.suffix`. */
  readonly allow: readonly string[];
  /** For the whole ClientHello, from the opening of the tunnel. */
  readonly helloTimeout: number;
  /** Without a byte either way. */
  readonly tunnelIdleTimeout: number;
  /** For the rest of a tunnel once one side has finished sending. */
  readonly tunnelHalfCloseTimeout: number;
}

export const defaultTlsGuardOptions: TlsGuardOptions = {
  allow: [],
  helloTimeout: 10_000,
  tunnelIdleTimeout: 600_000,
  tunnelHalfCloseTimeout: 60_000,
};
