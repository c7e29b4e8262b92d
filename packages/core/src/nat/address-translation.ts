import { formatSockAddr, type InetAddr, type SockAddr } from '../base/address.ts';
import { type Cidr, parseIp } from '../base/ip.ts';
import { BoundedMemo } from '../base/bounded-memo.ts';
import { portless } from '../base/portless.ts';
import { hasPort } from '../policy/port-set.ts';
import { isForUser, type WithUser } from '../policy/user-condition.ts';
import { RuleTable } from '../policy/rule-table.ts';
import type { AddressZones } from '../zones/zones.ts';
import { inetAddrOf, type Translation } from './address-map.ts';
import type { CompiledNatRule } from './nat-rule.ts';
import { reachedIpv4 } from './rfc6052.ts';

export type { Translation } from './address-map.ts';
export { compileNatRule, type CompiledNatRule, type NatRule } from './nat-rule.ts';

const MEMO_LIMIT = 4096;

/** The rules that can match one class of client and server. */
type Plan = readonly CompiledNatRule[];

/**
 * The address translation of a service. The first `dnat` rule that matches gives the server's address. The first `snat`
 * rule that matches the translated address gives the outgoing address. Unix sockets are not translated. A look-up costs the
 * same however many rules there are, and an address is parsed only once.
 */
export class AddressTranslation {
  readonly #dnat: RuleTable<CompiledNatRule, Plan> | undefined;
  readonly #snat: RuleTable<CompiledNatRule, Plan> | undefined;

  readonly #prefixes: readonly Cidr[];
  /** IPv4 addresses by the text of the IPv6 address that embeds them, or null for one that embeds none. */
  readonly #embedded = new BoundedMemo<string, InetAddr | null>(MEMO_LIMIT);

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
   * The IPv4 address and port that a translator forwards to, if `server` is in a NAT64 prefix of a rule. Access rules must
   * allow both addresses, because a connection to `server` reaches this one.
   */
  behindTranslator(server: SockAddr): InetAddr | undefined {
    if (this.#prefixes.length === 0 || server.family !== 'inet6') return undefined;
    const key = formatSockAddr(server);
    let inner = this.#embedded.get(key);
    if (inner === undefined) this.#embedded.set(key, (inner = this.#extract(server) ?? null));
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

  /** The translation of a server's address, or undefined when no rule translates it. `who` asks. */
  destination(client: SockAddr, remote: SockAddr, who?: WithUser): Translation | undefined {
    if (remote.family === 'unix' || this.#dnat === undefined) return undefined;
    for (const rule of this.#dnat.plan(client, remote, undefined)) {
      if (rule.ports !== undefined && !hasPort(rule.ports, remote.port)) continue;
      if (!isForUser(rule, who)) continue;
      const translation = rule.map(remote, client);
      if (translation !== undefined) return translation;
    }
    return undefined;
  }

  /** The outgoing address for a connection to the translated address `remote`. Undefined leaves it to the system. */
  source(client: SockAddr, remote: SockAddr, who?: WithUser): InetAddr | undefined {
    if (remote.family === 'unix' || this.#snat === undefined) return undefined;
    // The client's port does not become the outgoing port.
    const from = client.family === 'unix' ? client : portless(client);
    for (const rule of this.#snat.plan(client, remote, undefined)) {
      if (rule.family !== remote.family) continue;
      if (rule.ports !== undefined && !hasPort(rule.ports, remote.port)) continue;
      if (!isForUser(rule, who)) continue;
      const translation = rule.map(from, client);
      if (translation !== undefined) return translation.address;
    }
    return undefined;
  }
}
