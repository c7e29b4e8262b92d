import type { SockAddr } from '../base/address.ts';
import { type AddressClass, AddressClasses, type AddressCondition } from '../zones/address-classes.ts';
import { type HostClass, HostClasses, type HostPattern, MATCHES_NO_PATTERN } from '../hosts/host-patterns.ts';
import type { AddressZones, BuiltinZone } from '../zones/zones.ts';

/** The conditions that a {@link RuleTable} evaluates. A condition that is left out is always met. */
export interface RuleConditions {
  readonly clients?: AddressCondition | undefined;
  readonly servers?: AddressCondition | undefined;
  /** Whether `servers` is also met by an IPv4 address that the server's address embeds. True for deny rules. */
  readonly serversAsEmbedded?: boolean;
  /** Host patterns and lists, as `compileHosts` returns them. */
  readonly hosts?: readonly HostPattern[] | undefined;
}

/** Plans kept before all are dropped. Services see far fewer combinations in practice. */
const PLAN_LIMIT = 8192;

/** The input of `makePlan`: everything that rules can tell apart about a client, a server and a host. */
export interface PlanSubject<Rule> {
  /** The rules whose conditions are met, in order. Without a server its condition counts as met. */
  readonly rules: readonly Rule[];
  readonly client: AddressClass;
  readonly server: AddressClass | undefined;
  readonly host: HostClass;
}

/** A plan, and the classes that it is for. */
interface KnownPlan<Plan> {
  readonly client: AddressClass;
  readonly server: AddressClass | undefined;
  readonly host: HostClass;
  readonly plan: Plan;
}

/**
 * An ordered list of rules, evaluated by client, server and host. Addresses and hosts that no rule can tell apart share a
 * class, and a plan is made once per combination of classes. So `plan` costs four map look-ups and allocates nothing,
 * however many rules there are.
 */
export class RuleTable<Rule extends RuleConditions, Plan extends object> {
  readonly #rules: readonly Rule[];
  readonly #makePlan: (subject: PlanSubject<Rule>) => Plan;
  readonly #clients: AddressClasses;
  readonly #servers: AddressClasses;
  readonly #hosts: HostClasses;
  #plans = new Map<AddressClass, Map<AddressClass | undefined, Map<HostClass, KnownPlan<Plan>>>>();
  #planCount = 0;
  /** The plan that was asked for last, which is the next one, too, in a series of requests of one kind. */
  #last: KnownPlan<Plan> | undefined = undefined;

  constructor(rules: readonly Rule[], zones: AddressZones, makePlan: (subject: PlanSubject<Rule>) => Plan) {
    this.#rules = rules;
    this.#makePlan = makePlan;
    this.#clients = new AddressClasses(
      zones,
      'client',
      rules.flatMap((rule) => rule.clients?.networks ?? []),
    );
    this.#servers = new AddressClasses(
      zones,
      'server',
      rules.flatMap((rule) => rule.servers?.networks ?? []),
    );
    this.#hosts = new HostClasses(rules.flatMap((rule) => rule.hosts ?? []));
  }

  /** Changes with every version of a list of hosts that a rule uses. */
  get generation(): number {
    return this.#hosts.generation;
  }

  plan(client: SockAddr, server: SockAddr | undefined, host: string | undefined): Plan {
    const clientClass = this.#clients.of(client);
    const serverClass = server === undefined ? undefined : this.#servers.of(server);
    const hostClass = host === undefined ? MATCHES_NO_PATTERN : this.#hosts.of(host);
    const last = this.#last;
    if (last?.client === clientClass && last.server === serverClass && last.host === hostClass) return last.plan;
    const known =
      this.#plans.get(clientClass)?.get(serverClass)?.get(hostClass) ?? this.#make(clientClass, serverClass, hostClass);
    this.#last = known;
    return known.plan;
  }

  #make(client: AddressClass, server: AddressClass | undefined, host: HostClass): KnownPlan<Plan> {
    const rules = this.#rules.filter((rule) => matches(rule, client, server, host));
    const known = { client, server, host, plan: this.#makePlan({ rules, client, server, host }) };
    this.#remember(known);
    return known;
  }

  /** The rules whose condition on the client is met, whatever the server and the host, and the client's built-in zone. */
  rulesFor(client: SockAddr): { readonly rules: readonly Rule[]; readonly builtin: BuiltinZone } {
    const { names, builtin } = this.#clients.of(client);
    const rules = this.#rules.filter(
      ({ clients }) => clients === undefined || clients.names.some((name) => names.has(name)),
    );
    return { rules, builtin };
  }

  /** The most specific zone that holds the address of a client or of a server. */
  zoneOf(addr: SockAddr, as: 'client' | 'server'): string {
    return (as === 'client' ? this.#clients : this.#servers).of(addr).zone;
  }

  #remember(known: KnownPlan<Plan>): void {
    if (this.#planCount >= PLAN_LIMIT) {
      this.#plans = new Map();
      this.#planCount = 0;
    }
    const byServer = entryOf(this.#plans, known.client);
    entryOf(byServer, known.server).set(known.host, known);
    this.#planCount++;
  }
}

function entryOf<Key, InnerKey, Value>(map: Map<Key, Map<InnerKey, Value>>, key: Key): Map<InnerKey, Value> {
  let inner = map.get(key);
  if (inner === undefined) {
    inner = new Map();
    map.set(key, inner);
  }
  return inner;
}

function matches(
  rule: RuleConditions,
  client: AddressClass,
  server: AddressClass | undefined,
  host: HostClass,
): boolean {
  if (rule.clients !== undefined && !rule.clients.names.some((name) => client.names.has(name))) return false;
  if (rule.hosts !== undefined && !rule.hosts.some((pattern) => host.has(pattern))) return false;
  if (rule.servers === undefined || server === undefined) return true;
  const names = rule.serversAsEmbedded === true ? server.reachable : server.names;
  return rule.servers.names.some((name) => names.has(name));
}
