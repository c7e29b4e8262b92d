import {
  AddressZones,
  formatIp,
  inetAddr,
  parseCidr,
  parseIp,
  parseNetwork,
  PolicyConfigurationError,
  readNetworks,
  runAtOnce,
} from '@inband/core';
import { isIP } from 'node:net';
import { asText, expectEqual, expectTrue } from './expect.ts';
import type { FuzzTarget } from './target.ts';

interface Known {
  readonly zone: string;
  readonly bytes: Uint8Array;
  readonly prefix: number;
}

/** Lines are networks, of two zones in turn, and addresses that are looked up. */
export const zones: FuzzTarget = {
  name: 'zones',
  covers: /core\/src\/(?:zones|base\/ip)/,
  words: [
    '\n', '\r\n', '/', '/8', '/0', '/32', '/128', '/129', '10.', '10.0.0.0/8', '127.0.0.1', '::', '::1', 'fe80::1', '::ffff:1.2.3.4', '2001:db8::/32', '64:ff9b::',
    '2002:0a00:0001::', '0.0.0.0/0', '::/0', '255.255.255.255', '#', ' ', '169.254.169.254', '100.64.0.0/10', 'fc00::/7', '01', '1e1',
  ], // prettier-ignore
  longest: 400,
  run: (input) => {
    const text = input.toString('latin1');
    const lines = text.split('\n');
    for (const line of lines) checkAddress(line);
    checkFile(text);
    const known: Known[] = [];
    const written: [string[], string[]] = [[], []];
    lines.forEach((line, index) => {
      const network = parseNetwork(line);
      if (network === undefined) return;
      written[index % 2 === 0 ? 0 : 1].push(line);
      known.push({ zone: index % 2 === 0 ? 'even' : 'odd', ...network });
    });
    const all = zonesOf(written);
    if (all === undefined) return;
    for (const line of lines) {
      const bytes = parseIp(line);
      if (bytes !== undefined) checkLookUp(all, bytes, known);
    }
  },
};

/** Undefined where a network is in both. */
function zonesOf([even, odd]: [string[], string[]]): AddressZones | undefined {
  try {
    return new AddressZones({ even: { addresses: even }, odd: { addresses: odd } });
  } catch (error) {
    if (error instanceof PolicyConfigurationError) return undefined;
    throw error;
  }
}

function checkAddress(line: string): void {
  const bytes = parseIp(line);
  if (bytes !== undefined) {
    expectTrue(`${asText(Buffer.from(line))} is no address for Node.js`, isIP(line) !== 0);
    const again = parseIp(formatIp(bytes));
    expectEqual('the text of an address', again, bytes);
    // The form of the specification is that of Node.js, and of browsers.
    if (bytes.length === 16)
      expectEqual('the canonical form', `[${formatIp(bytes)}]`, new URL(`http://[${line}]/`).hostname);
  }
  const cidr = parseCidr(line);
  if (cidr !== undefined) expectEqual('the text of a network', parseCidr(cidr.text), cidr);
  expectEqual('a network with and without text', parseNetwork(line) === undefined, cidr === undefined);
}

function checkFile(text: string): void {
  const { networks, problems, problemCount } = runAtOnce(readNetworks(text));
  expectTrue('more problems shown than counted', problems.length <= problemCount);
  const lines = text.split('\n').length;
  expectTrue('more networks and problems than lines', networks.size + problemCount <= lines);
}

function checkLookUp(all: AddressZones, bytes: Uint8Array, known: readonly Known[]): void {
  const address = inetAddr(formatIp(bytes), 80);
  if (address === undefined) throw new Error('an address that is none');
  const [first] = all.zonesOf(address, 'client');
  const holding = known.filter((network) => holds(network, bytes));
  const longest = Math.max(-1, ...holding.map(({ prefix }) => prefix));
  const expected = holding.find(({ prefix }) => prefix === longest)?.zone;
  const isOwn = first === 'even' || first === 'odd';
  if (isOwn) expectEqual(`the zone of ${formatIp(bytes)}`, first, expected);
  // A single address is more specific than whatever is built in.
  else expectTrue(`${formatIp(bytes)} is in ${expected}, and not found there`, longest < bytes.length * 8);
  for (const name of ['even', 'odd']) {
    if (first === name) expectTrue('contains it', all.contains(name, address));
  }
}

function holds({ bytes: network, prefix }: Known, address: Uint8Array): boolean {
  if (network.length !== address.length) return false;
  const bits = (bytes: Uint8Array): bigint => bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
  const rest = BigInt(address.length * 8 - prefix);
  return bits(network) >> rest === bits(address) >> rest;
}
