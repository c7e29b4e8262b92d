/** What resolvers read of the machine. Every method is synchronous and reads the current state. */
export interface Machine {
  /** The value of `process.platform`. */
  readonly platform: string;
  env(name: string): string | undefined;
  hostname(): string;
  /** Whether an interface has a global IPv6 address. Throws when no file descriptor is left to ask with. */
  hasGlobalIpv6(): boolean;
  /** The number of getaddrinfo look-ups that Node runs at once. */
  lookupThreads(): number;
  /** A text that changes when a file changes. Constant while the file does not exist. */
  stampOf(path: string): string;
  /** The text of a file, or undefined when it does not exist. Throws when it cannot be read. */
  read(path: string): string | undefined;
}
