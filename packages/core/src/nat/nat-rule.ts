import type { InetAddr } from '../base/address.ts';
import type { Cidr } from '../base/ip.ts';
import { type AddressCondition, compileAddresses } from '../zones/address-classes.ts';
import { refuseEmpty } from '../policy/access-rule.ts';
import { PolicyConfigurationError } from '../base/configuration-error.ts';
import { compilePorts, type PortSet } from '../policy/port-set.ts';
import type { RuleConditions } from '../policy/rule-table.ts';
import type { UserCondition } from '../policy/user-condition.ts';
import type { AddressZones } from '../zones/zones.ts';
import { type AddressMap, intoPrefix, outOfPrefix, toAddress, toNetwork, toPool } from './address-map.ts';
import { readNetwork, readPlace, readPool, readPrefix, type Where } from './nat-targets.ts';

/** One `nat` rule of a service, as configured. The rule matches when every condition that it has is met. */
export interface NatRule {
  /** `dnat` translates the server's address. `snat` chooses the outgoing address. */
  readonly action: 'dnat' | 'snat';
  /** Zones or CIDRs that the client's address is in. */
  readonly clients?: readonly string[] | undefined;
  /** Zones or CIDRs that the server's address is in: before translation for `dnat`, after it for `snat`. */
  readonly servers?: readonly string[] | undefined;
  /** Authenticated users. */
  readonly users?: readonly string[] | undefined;
  /** Groups, one of which the user must be in. */
  readonly groups?: readonly string[] | undefined;
  /** Ports and ranges of that address: `80`, `"8000-8099"`. */
  readonly ports?: readonly (number | string)[] | undefined;
  /** One address, with or without a port. */
  readonly to?: string | undefined;
  /** A network of the same length as the one in `servers` (`dnat`) or `clients` (`snat`). Host bits are kept. */
  readonly network?: string | undefined;
  /** Addresses and networks. A client always gets the same address of them. */
  readonly pool?: readonly string[] | undefined;
  /** `dnat` only: an RFC 6052 prefix in which IPv4 addresses are embedded. */
  readonly embedIn?: string | undefined;
  /** `dnat` only: an RFC 6052 prefix from which embedded IPv4 addresses are extracted. */
  readonly extractFrom?: string | undefined;
}

export interface CompiledNatRule extends RuleConditions, UserCondition {
  readonly action: NatRule['action'];
  readonly ports: PortSet | undefined;
  /** The family of the addresses that the rule translates to. */
  readonly family: InetAddr['family'] | undefined;
  readonly map: AddressMap;
  /** The NAT64 prefix of the rule. Addresses in it embed IPv4 addresses of servers. */
  readonly prefix?: Cidr;
}

const CONDITIONS = ['clients', 'servers', 'users', 'groups', 'ports', 'pool'] as const;
const TARGETS = ['to', 'network', 'pool', 'embedIn', 'extractFrom'] as const;

/** Throws {@link PolicyConfigurationError}. `base` is the path of the list of rules, `services.web.nat`. */
export function compileNatRule(rule: NatRule, index: number, base: string, zones: AddressZones): CompiledNatRule {
  const path = [index, rule.action];
  for (const list of CONDITIONS) refuseEmpty(rule[list], base, [...path, list]);
  const addresses = (list: 'clients' | 'servers') =>
    rule[list] && compileAddresses(base, [...path, list], rule[list], zones);
  const clients = addresses('clients');
  const servers = addresses('servers');
  const targets = TARGETS.filter((target) => rule[target] !== undefined);
  const [target] = targets;
  const allowed = rule.action === 'dnat' ? TARGETS : TARGETS.slice(0, 3);
  if (target === undefined || targets.length > 1 || !allowed.includes(target)) {
    const [last, ...others] = allowed.toReversed();
    const message = `A ${rule.action} rule needs exactly one of ${others.toReversed().join(', ')} and ${last}.`;
    throw new PolicyConfigurationError(base, path, message);
  }
  const where: Where = { base, path: [...path, target] };
  return {
    action: rule.action,
    clients,
    servers,
    users: rule.users && new Set(rule.users),
    groups: rule.groups && new Set(rule.groups),
    ports: rule.ports && compilePorts(base, [...path, 'ports'], rule.ports),
    ...mapOf(rule, `${base}[${index}]`, where, rule.action === 'dnat' ? servers : clients),
  };
}

type Mapping = Pick<CompiledNatRule, 'family' | 'map' | 'prefix'>;

/** Makes the map of a rule. `from` is the condition on the side that is translated. */
function mapOf(rule: NatRule, name: string, where: Where, from: AddressCondition | undefined): Mapping {
  const { action, to, network, pool, embedIn, extractFrom } = rule;
  if (to !== undefined) {
    const address = readPlace(to, where, action);
    return { family: address.family, map: toAddress(name, address) };
  }
  if (network !== undefined) {
    const networks = readNetwork(network, where, action, from);
    return {
      family: networks.to.bytes.length === 4 ? 'inet' : 'inet6',
      map: toNetwork(name, networks.from, networks.to),
    };
  }
  if (pool !== undefined) {
    const places = readPool(pool, where, action);
    return { family: places[0]!.network.bytes.length === 4 ? 'inet' : 'inet6', map: toPool(name, places) };
  }
  const prefix = readPrefix(embedIn ?? extractFrom!, where);
  return embedIn === undefined
    ? { family: 'inet', map: outOfPrefix(name, prefix), prefix }
    : { family: 'inet6', map: intoPrefix(name, prefix), prefix };
}
