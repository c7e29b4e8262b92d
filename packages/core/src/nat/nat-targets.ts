import { inetAddr, type InetAddr } from '../base/address.ts';
import { type Cidr, cidrProblem, parseCidr, parseIp } from '../base/ip.ts';
import type { AddressCondition } from '../zones/address-classes.ts';
import { PolicyConfigurationError, type SettingPath } from '../base/configuration-error.ts';
import { overlap } from './address-block.ts';
import type { Place } from './address-map.ts';
import { parseNat64Prefix } from './rfc6052.ts';

/** The place of a value in the configuration, which errors name. */
export interface Where {
  readonly base: string;
  readonly path: SettingPath;
}

type Action = 'dnat' | 'snat';

function refuse({ base, path }: Where, message: string, ...deeper: SettingPath): never {
  throw new PolicyConfigurationError(base, [...path, ...deeper], message);
}

/** Reads `192.0.2.1`, `192.0.2.1:8080`, `2001:db8::1` or `[2001:db8::1]:8080`. The port is 0 when none was given. */
export function readPlace(text: string, where: Where, action: Action, ...deeper: SettingPath): InetAddr {
  const [, bracketed, dotted, digits] = /^(?:\[([^\]]*:[^\]]*)\]|([0-9.]+)):([1-9][0-9]{0,4})$/.exec(text) ?? [];
  const port = Number(digits ?? 0);
  const address = port > 65_535 ? undefined : inetAddr(bracketed ?? dotted ?? text, port);
  if (address === undefined) {
    refuse(where, `"${text}" is not an address: write 192.0.2.1, 192.0.2.1:8080 or [2001:db8::1]:8080.`, ...deeper);
  }
  refuseUnusable(text, parseIp(address.address)!, where, action, deeper);
  return address;
}

/** Reads the network to translate to, and takes the one to translate from. Both must have one family and length. */
export function readNetwork(
  text: string,
  where: Where,
  action: Action,
  condition: AddressCondition | undefined,
): { from: Cidr; to: Cidr } {
  const side = action === 'dnat' ? 'servers' : 'clients';
  const to = readCidr(text, where);
  const [from, second] = condition?.networks ?? [];
  if (from === undefined || second !== undefined || condition?.names.length !== 1) {
    refuse(
      where,
      `"network" keeps the host bits of another network: "${side}" must name that one CIDR and nothing else.`,
    );
  }
  if (from.bytes.length !== to.bytes.length) {
    refuse(where, `${to.text} and ${from.text} in "${side}" must both be IPv4 or both IPv6.`);
  }
  if (from.prefix !== to.prefix) {
    refuse(where, `${to.text} and ${from.text} in "${side}" must have the same length, /${from.prefix}.`);
  }
  if (from.text === to.text && action === 'dnat') refuse(where, `${to.text} would be translated to itself.`);
  refuseUnusable(text, to.bytes, where, action, []);
  return { from, to };
}

/** Reads the members of a pool. They must be of one family, and no two may overlap. */
export function readPool(texts: readonly string[], where: Where, action: Action): Place[] {
  const places = texts.map((text, index) => readMember(text, where, action, index));
  places.forEach(({ network, port }, index) => {
    const earlier = places.slice(0, index);
    if (earlier.some((other) => other.network.bytes.length !== network.bytes.length)) {
      refuse(where, 'The addresses of a pool must all be IPv4 or all IPv6.', index);
    }
    if (earlier.some((other) => other.port === port && overlap(other.network, network))) {
      refuse(where, `"${texts[index]!}" is in this pool already.`, index);
    }
  });
  return places;
}

function readMember(text: string, where: Where, action: Action, index: number): Place {
  if (text.includes('/')) {
    const network = readCidr(text, where, index);
    refuseUnusable(text, network.bytes, where, action, [index]);
    return { network, port: 0 };
  }
  const { address, port } = readPlace(text, where, action, index);
  if (port !== 0 && action === 'snat') {
    refuse(where, 'The outgoing addresses of a pool have no port: the system chooses one for each connection.', index);
  }
  return { network: parseCidr(address)!, port };
}

export function readPrefix(text: string, where: Where): Cidr {
  const prefix = parseNat64Prefix(text);
  return typeof prefix === 'string' ? refuse(where, prefix) : prefix;
}

function readCidr(text: string, where: Where, ...deeper: SettingPath): Cidr {
  return parseCidr(text) ?? refuse(where, cidrProblem(text)!, ...deeper);
}

/** Refuses unspecified, multicast and broadcast addresses, because none of them is the address of one machine. */
function refuseUnusable(text: string, bytes: Uint8Array, where: Where, action: Action, deeper: SettingPath): void {
  const first = bytes[0]!;
  const multicast = bytes.length === 4 ? first >= 224 && first < 240 : first === 0xff;
  const broadcast = bytes.length === 4 && bytes.every((byte) => byte === 0xff);
  const unspecified = bytes.every((byte) => byte === 0);
  if (!multicast && !broadcast && !unspecified) return;
  const what = action === 'dnat' ? 'connect to' : 'connect from';
  refuse(where, `Nobody can ${what} ${text}: it is not the address of one machine.`, ...deeper);
}
