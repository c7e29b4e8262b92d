import { formatIp, parseIp } from './ip.ts';

/** A resolved address on an IP network. `port` is 0 to 65535; 0 only where "any port" makes sense (binding). */
export interface InetAddr {
  readonly family: 'inet' | 'inet6';
  /** Canonical text: dotted decimal, or RFC 5952 without brackets and without a zone. */
  readonly address: string;
  readonly port: number;
}

/** A socket of this machine: in the file system, or, if the path begins with NUL, by an abstract name (Linux). */
export interface UnixAddr {
  readonly family: 'unix';
  readonly path: string;
}

/** Seed: SockAddr. A resolved address: what policy evaluates and what a transport dials. */
export type SockAddr = InetAddr | UnixAddr;

/** What somebody asked for, as written: a name or an address in text. Never dialled. */
export interface HostPort {
  /** Lower case; an IPv6 address stands without brackets. */
  readonly host: string;
  readonly port: number;
}

/**
 * Makes an {@link InetAddr} from an address in text, in canonical form. An IPv4-mapped IPv6 address
 * (RFC 4291 section 2.5.5.2) is the IPv4 address that it maps: the kernel would connect there.
 * Returns undefined when the text is not an IP address.
 */
export function inetAddr(address: string, port: number): InetAddr | undefined {
  const ip = parseIp(address);
  if (ip === undefined) return undefined;
  return { family: ip.length === 4 ? 'inet' : 'inet6', address: formatIp(ip), port };
}

/** `192.0.2.1:80`, `[2001:db8::1]:80`, `unix:/run/app.sock`, `unix:@app`. */
export function formatSockAddr(addr: SockAddr): string {
  switch (addr.family) {
    case 'inet':
      return `${addr.address}:${addr.port}`;
    case 'inet6':
      return `[${addr.address}]:${addr.port}`;
    case 'unix':
      return `unix:${addr.path.startsWith('\0') ? `@${addr.path.slice(1)}` : addr.path}`;
  }
}

/** `example.com:80`, `[2001:db8::1]:80`. */
export function formatHostPort(target: HostPort): string {
  return target.host.includes(':') ? `[${target.host}]:${target.port}` : `${target.host}:${target.port}`;
}

export function sameSockAddr(a: SockAddr, b: SockAddr): boolean {
  if (a === b) return true;
  if (a.family === 'unix' || b.family === 'unix')
    return a.family === b.family && formatSockAddr(a) === formatSockAddr(b);
  return a.family === b.family && a.port === b.port && a.address === b.address;
}
