import type { InetAddr, SockAddr } from '../address.ts';
import { portless } from '../portless.ts';
import { hasPort } from '../policy/port-set.ts';
import { RuleTable } from '../policy/rule-table.ts';
import type { AddressZones } from '../policy/zones.ts';
import type { Translation } from './address-map.ts';
import type { CompiledNatRule } from './nat-rule.ts';

export type { Translation } from './address-map.ts';
export { compileNatRule, type CompiledNatRule, type NatRule } from './nat-rule.ts';

/** The rules that are left for one class of client and server. */
type Plan = readonly CompiledNatRule[];

/**
 * A service's address translation: ordered rules, of which the first `dnat` that matches decides where a connection
 * goes, and the first `snat` that matches the translated address decides where it comes from. Sockets in the file
 * system are not translated. A look-up costs the same however many rules there are, and makes no garbage once a like
 * address was seen.
 */
export class AddressTranslation {
  readonly #dnat: RuleTable<CompiledNatRule, Plan> | undefined;
  readonly #snat: RuleTable<CompiledNatRule, Plan> | undefined;

  constructor(rules: readonly CompiledNatRule[], zones: AddressZones) {
    const tableOf = (action: CompiledNatRule['action']): RuleTable<CompiledNatRule, Plan> | undefined => {
      const own = rules.filter((rule) => rule.action === action);
      return own.length === 0 ? undefined : new RuleTable(own, zones, (subject) => subject.rules);
    };
    this.#dnat = tableOf('dnat');
    this.#snat = tableOf('snat');
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
