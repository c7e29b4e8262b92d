import type { Natives, StandardFunctions } from './standard-functions.ts';

/** The standard functions about addresses, and those of Microsoft for IPv6. */
export const addressFunctions: StandardFunctions = {
  helpers: [isIpv4, ipv6Groups, bytesOfIpv6, bytesOf, convertAddress, hasPrefix, compareAddresses],
  make: makeAddressFunctions,
};

function makeAddressFunctions({ lookUp, ownAddresses }: Natives) {
  const lookUpAll = (host: unknown): readonly string[] =>
    bytesOf(String(host)) === undefined ? lookUp(String(host)) : [String(host)];

  /** Browsers give a file IPv4 addresses only, because functions such as isInNet know no others. */
  const dnsResolve = (host: unknown): string | null => lookUpAll(host).find(isIpv4) ?? null;

  return {
    dnsResolve,
    isResolvable: (host: unknown) => dnsResolve(host) !== null,
    isInNet: (host: unknown, network: unknown, mask: unknown) => {
      const address = dnsResolve(host);
      if (address === null || !isIpv4(String(network)) || !isIpv4(String(mask))) return false;
      const bits = convertAddress(mask);
      return (convertAddress(address) & bits) === (convertAddress(network) & bits);
    },
    convert_addr: convertAddress,
    myIpAddress: () => ownAddresses().find(isIpv4) ?? '127.0.0.1',
    dnsResolveEx: (host: unknown) => lookUpAll(host).join(';'),
    isResolvableEx: (host: unknown) => lookUpAll(host).length > 0,
    isInNetEx: (address: unknown, network: unknown) => {
      const [, prefix = '', bits = ''] = /^(.+)\/(\d{1,3})$/.exec(String(network)) ?? [];
      const [bytes, of] = [bytesOf(String(address)), bytesOf(prefix)];
      if (bytes === undefined || of === undefined || Number(bits) > of.length * 8) return false;
      return hasPrefix(bytes, of, Number(bits));
    },
    myIpAddressEx: () => ownAddresses().join(';'),
    sortIpAddressList: (list: unknown) => {
      const all = String(list)
        .split(';')
        .map((text) => ({ text: text.trim(), bytes: bytesOf(text.trim()) ?? [] }));
      if (all.some(({ bytes }) => bytes.length === 0)) return '';
      const sorted = all.toSorted((a, b) => compareAddresses(a.bytes, b.bytes));
      return sorted.map(({ text }) => text).join(';');
    },
  };
}

function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255);
}

function ipv6Groups(text: string): number[] {
  return text === '' ? [] : text.split(':').map((group) => (/^[0-9a-f]{1,4}$/i.test(group) ? parseInt(group, 16) : -1));
}

/** The 16 bytes of an IPv6 address; undefined for anything else. */
function bytesOfIpv6(text: string): number[] | undefined {
  const [mapped] = /\d+\.\d+\.\d+\.\d+$/.exec(text) ?? [];
  if (!text.includes(':') || (mapped !== undefined && !isIpv4(mapped))) return undefined;
  const [a = 0, b = 0, c = 0, d = 0] = (mapped ?? '').split('.').map(Number);
  const end = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  const whole = mapped === undefined ? text : text.slice(0, -mapped.length) + end;
  const [left = '', right, surplus] = whole.split('::');
  const [before, after] = [ipv6Groups(left), ipv6Groups(right ?? '')];
  const missing = 8 - before.length - after.length;
  if (surplus !== undefined || (right === undefined ? missing !== 0 : missing < 1)) return undefined;
  const groups = [...before, ...Array.from({ length: missing }, () => 0), ...after];
  return groups.includes(-1) ? undefined : groups.flatMap((group) => [group >> 8, group & 255]);
}

/** 4 or 16 bytes; undefined for what is no address. */
function bytesOf(text: string): number[] | undefined {
  return isIpv4(text) ? text.split('.').map(Number) : bytesOfIpv6(text);
}

function convertAddress(address: unknown): number {
  const [a = 0, b = 0, c = 0, d = 0] = String(address).split('.').map(Number);
  return ((a & 255) << 24) | ((b & 255) << 16) | ((c & 255) << 8) | (d & 255);
}

function hasPrefix(bytes: readonly number[], prefix: readonly number[], bits: number): boolean {
  if (bytes.length !== prefix.length) return false;
  return bytes.every((byte, index) => {
    const mask = (0xff00 >> Math.min(8, Math.max(0, bits - 8 * index))) & 255;
    return (byte & mask) === ((prefix[index] ?? 0) & mask);
  });
}

/** IPv6 comes first, as on Windows. */
function compareAddresses(a: readonly number[], b: readonly number[]): number {
  if (a.length !== b.length) return b.length - a.length;
  const index = a.findIndex((byte, at) => byte !== b[at]);
  return index === -1 ? 0 : (a[index] ?? 0) - (b[index] ?? 0);
}
