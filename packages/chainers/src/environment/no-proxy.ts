import { parseIp } from '@inband/core';

/** Whether a host is reached without a proxy. `host`: a name in lower case, or an address without brackets. */
export type IsExempt = (host: string) => boolean;

/**
 * Reads the variable `no_proxy` as curl does: names and networks with commas or blanks between them, or `*` alone for all hosts. A name also stands
 * for what is below it; a leading and a final dot make no difference. A network is only compared with addresses that were asked for as
 * such, because a name is not resolved for it. What curl does not know matches nothing here either: ports, `*.example`, brackets.
 */
export function parseNoProxy(text: string): IsExempt {
  if (text === '*') return () => true;
  const tokens = text.split(/[ \t,]+/).filter((token) => token !== '');
  const names = tokens.map((token) => nameIn(token)).filter((name) => name !== '');
  const networks = tokens.map((token) => networkIn(token)).filter((network) => network !== undefined);
  return (host) => {
    const address = literal(host);
    if (address !== undefined) return networks.some((network) => contains(network, address));
    const name = host.replace(/\.$/, '');
    return names.some((suffix) => name === suffix || name.endsWith(`.${suffix}`));
  };
}

function nameIn(token: string): string {
  return token.toLowerCase().replace(/\.$/, '').replace(/^\./, '');
}

/** An IPv6 address that stands for one of IPv4 is none of either here. */
function literal(text: string): Uint8Array | undefined {
  const bytes = parseIp(text);
  return bytes?.length === (text.includes(':') ? 16 : 4) ? bytes : undefined;
}

interface Network {
  readonly bytes: Uint8Array;
  readonly bits: number;
}

function networkIn(token: string): Network | undefined {
  const [, address = '', length] = /^([^/]*)(?:\/(.*))?$/.exec(token) ?? [];
  const bytes = literal(address);
  if (bytes === undefined) return undefined;
  const most = bytes.length * 8;
  // A length of 0, also one that is no number, stands for the whole address.
  const bits = Number.parseInt(length ?? '', 10) || most;
  return bits > 0 && bits <= most ? { bytes, bits } : undefined;
}

function contains({ bytes, bits }: Network, address: Uint8Array): boolean {
  if (bytes.length !== address.length) return false;
  return bytes.every((byte, index) => {
    const mask = (0xff00 >> Math.min(8, Math.max(0, bits - 8 * index))) & 255;
    return (byte & mask) === ((address[index] ?? 0) & mask);
  });
}
