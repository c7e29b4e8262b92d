/** What resolvers want to know of the machine. Everything is asked anew each time, and answers at once. */
export interface Machine {
  /** As `process.platform`. */
  readonly platform: string;
  env(name: string): string | undefined;
  hostname(): string;
  /** Whether an interface has a global IPv6 address. Throws when it cannot be asked: that takes a descriptor. */
  hasGlobalIpv6(): boolean;
  /** How many look-ups of getaddrinfo Node runs at once. */
  lookupThreads(): number;
  /** Tells one version of a file from another; the same text as long as there is no such file. */
  stampOf(path: string): string;
  /** The text of a file; undefined when there is none. Throws when it cannot be read. */
  read(path: string): string | undefined;
}
