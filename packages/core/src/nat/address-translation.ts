import { formatSockAddr, type InetAddr, type SockAddr } from '../base/address.ts';
import { type Cidr, parseIp } from '../base/ip.ts';
import { BoundedMemo } from '../base/bounded-memo.ts';
import { portless } from '../base/portless.ts';
import { hasPort } from '../policy/port-set.ts';
import { RuleTable } from '../policy/rule-table.ts';
import type { AddressZones } from '../zones/zones.ts';
import { inetAddrOf, type Translation } from './address-map.ts';
import type { CompiledNatRule } from './nat-rule.ts';
import { reachedIpv4 } from './rfc6052.ts';

export type { Translation } from './address-map.ts';
export { compileNatRule, type CompiledNatRule, type NatRule } from './nat-rule.ts';

const MEMO_LIMIT = 4096;

/** The rules that are left for one class of client and server. */
type Plan = readonly CompiledNatRule[];

/**
 * A service's address translation: ordered rules, of which the first `dnat` that matches decides where a connection
 * goes, and the first `snat` that matches the translated address decides where it comes from. Sockets in the file
 * system are not translated. A look-up costs the same however many rules there are, and nothing is parsed once a like
 * address was seen.
 */
export class AddressTranslation {
  readonly #dnat: RuleTable<CompiledNatRule, Plan> | undefined;
  readonly #snat: RuleTable<CompiledNatRule, Plan> | undefined;

  readonly #prefixes: readonly Cidr[];
  /** The text of an IPv6 address, and the IPv4 address that it stands for. */
  readonly #behind = new BoundedMemo<string, InetAddr | null>(MEMO_LIMIT);

  constructor(rules: readonly CompiledNatRule[], zones: AddressZones) {
    const tableOf = (action: CompiledNatRule['action']): RuleTable<CompiledNatRule, Plan> | undefined => {
      const own = rules.filter((rule) => rule.action === action);
      return own.length === 0 ? undefined : new RuleTable(own, zones, (subject) => subject.rules);
    };
    this.#dnat = tableOf('dnat');
    this.#snat = tableOf('snat');
    this.#prefixes = rules.map(({ prefix }) => prefix).filter((prefix) => prefix !== undefined);
  }

  /**
   * The IPv4 server that `server` stands for, if it is in a NAT64 prefix that a rule names; with its port. Whoever judges
   * `server` must judge this one, too.
   */
  behindTranslator(server: SockAddr): InetAddr | undefined {
    if (this.#prefixes.length === 0 || server.family !== 'inet6') return undefined;
    const key = formatSockAddr(server);
    let inner = this.#behind.get(key);
    if (inner === undefined) this.#behind.set(key, (inner = this.#extract(server) ?? null));
    return inner ?? undefined;
  }

  #extract(server: InetAddr): InetAddr | undefined {
    const bytes = parseIp(server.address)!;
    for (const prefix of this.#prefixes) {
      const inner = reachedIpv4(prefix, bytes);
      if (inner !== undefined) return inetAddrOf(inner, server.port);
    }
    return undefined;
  }

  /** What the address of a server becomes; undefined when it stays. */
  destination(client: SockAddr, remote: SockAddr): Translation | undefined {
    if (remote.family === 'unix' || this.#dnat === undefined) return undefined;
    for (const rule of this.#dnat.plan(client, remote, undefined)) {
      if (rule.ports !== undefined && !hasPort(rule.ports, remote.port)) continue;
      const translation = rule.map(remote, client);
      if (translation !== undefined) return translation;
    }
    return undefined;
  }

  /** The outgoing address for a connection to `remote`, which has been translated; undefined: the system's choice. */
  source(client: SockAddr, remote: SockAddr): InetAddr | undefined {
    if (remote.family === 'unix' || this.#snat === undefined) return undefined;
    // The client's port is its own business.
    const from = client.family === 'unix' ? client : portless(client);
    for (const rule of this.#snat.plan(client, remote, undefined)) {
      if (rule.family !== remote.family) continue;
      if (rule.ports !== undefined && !hasPort(rule.ports, remote.port)) continue;
      const translation = rule.map(from, client);
      if (translation !== undefined) return translation.address;
    }
    return undefined;
  }
}
