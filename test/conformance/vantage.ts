/** Where a client stands, as far as policy is concerned. */
export type VantageName = 'loopback' | 'private' | 'public';

export interface Vantage {
  readonly name: VantageName;
  /** The client's address; undefined for whatever loopback address the transport chooses. */
  readonly client: string | undefined;
  /** Where `origin.test` is: as private as the client, so that an ordinary request of its is allowed. */
  readonly origin: string;
  /** Whether such a client may get the proxy to dial the address. */
  mayReach(address: string): boolean;
}

type AddressClass = 'loopback' | 'private' | 'nobody' | 'public';

/** Addresses in the cases whose looks deceive: metadata services, and forms that carry an IPv4 address inside. */
const DECEIVING: Readonly<Record<string, AddressClass>> = {
  '100.100.100.200': 'nobody',
  '168.63.129.16': 'nobody',
  '192.0.0.192': 'nobody',
  'fd00:ec2::254': 'nobody',
  '64:ff9b::7f00:1': 'loopback',
  '64:ff9b::a9fe:a9fe': 'nobody',
  '2001:0:4136:e378:8000:63bf:3fff:fdd2': 'nobody',
  '100::1': 'nobody',
  '::': 'nobody',
};

/**
 * A second opinion on who may go where, for the addresses in the cases only: written without the policy that it checks.
 */
function classOf(address: string): AddressClass {
  const deceiving = DECEIVING[address];
  if (deceiving !== undefined) return deceiving;
  if (/^127\.|^::1$/.test(address)) return 'loopback';
  if (/^10\.|^100\.64\.|^fd00:/.test(address)) return 'private';
  if (/^9\.[0-9.]+$/.test(address)) return 'public';
  return 'nobody';
}

export const VANTAGES: Readonly<Record<VantageName, Vantage>> = {
  loopback: {
    name: 'loopback',
    client: undefined,
    origin: '127.0.0.1',
    mayReach: (address) => classOf(address) !== 'nobody',
  },
  private: {
    name: 'private',
    client: '10.9.8.7',
    origin: '10.200.0.1',
    mayReach: (address) => classOf(address) === 'private' || classOf(address) === 'public',
  },
  public: {
    name: 'public',
    client: '9.9.9.9',
    origin: '9.200.0.1',
    mayReach: (address) => classOf(address) === 'public',
  },
};
