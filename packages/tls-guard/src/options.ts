/** Settings of a TLS guard. Durations in milliseconds. */
export interface TlsGuardOptions {
  /** Server names that are accepted besides the host of the tunnel: exact, or `*.suffix`. */
  readonly allow: readonly string[];
  /**
   * What becomes of a ClientHello with another, encrypted one in it. Browsers send what looks so to every server (GREASE), and
   * nobody between can tell. `pass`: the name that can be read counts.
   */
  readonly ech: 'pass' | 'refuse';
  /** The time for the whole ClientHello, from the beginning of the tunnel. */
  readonly helloTimeout: number;
  /** The time without a byte in either direction after which a tunnel is closed. */
  readonly tunnelIdleTimeout: number;
  /** The time that is left to a tunnel once one side has finished sending. */
  readonly tunnelHalfCloseTimeout: number;
}

export const defaultTlsGuardOptions: TlsGuardOptions = {
  allow: [],
  ech: 'pass',
  helloTimeout: 10_000,
  tunnelIdleTimeout: 600_000,
  tunnelHalfCloseTimeout: 60_000,
};
