import type { SockAddr } from '../base/address.ts';
import { type AddressClass, AddressClasses, type AddressCondition } from '../zones/address-classes.ts';
import { type HostClass, HostClasses, MATCHES_NO_PATTERN } from '../zones/host-patterns.ts';
import type { AddressZones } from '../zones/zones.ts';

/** The conditions that a {@link RuleTable} looks up; a condition left out is always met. */
export interface RuleConditions {
  readonly clients?: AddressCondition | undefined;
  readonly servers?: AddressCondition | undefined;
  /** Whether `servers` is also met by an IPv4 address that the server's address embeds: right for a denial. */
  readonly serversAsEmbedded?: boolean;
  /** Folded patterns. */
  readonly hosts?: readonly string[] | undefined;
}

/** Combinations remembered before all are forgotten: far more than a service meets in practice. */
const PLAN_LIMIT = 8192;

/** Who and what a plan is for: everything that the rules can know of a client, a server and a host. */
export interface PlanSubject<Rule> {
  /** The rules whose looked-up conditions are met, in order. With no server, its condition counts as met. */
  readonly rules: readonly Rule[];
  readonly client: AddressClass;
  readonly server: AddressClass | undefined;
}

/**
 * An ordered list of rules, looked up by client, server and host. What the rules can know of these three falls into
 * few classes; a plan is made once per combination of classes, so the cost of a look-up is four map look-ups,
 * without garbage, however many rules there are.
 */
export class RuleTable<Rule extends RuleConditions, Plan extends object> {
  readonly #rules: readonly Rule[];
  readonly #makePlan: (subject: PlanSubject<Rule>) => Plan;
  readonly #clients: AddressClasses;
  readonly #servers: AddressClasses;
  readonly #hosts: HostClasses;
  #plans = new Map<AddressClass, Map<AddressClass | undefined, Map<HostClass, Plan>>>();
  #planCount = 0;

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

  plan(client: SockAddr, server: SockAddr | undefined, host: string | undefined): Plan {
    const clientClass = this.#clients.of(client);
    const serverClass = server === undefined ? undefined : this.#servers.of(server);
    const hostClass = host === undefined ? MATCHES_NO_PATTERN : this.#hosts.of(host);
    const known = this.#plans.get(clientClass)?.get(serverClass)?.get(hostClass);
    if (known !== undefined) return known;
    const rules = this.#rules.filter((rule) => meets(rule, clientClass, serverClass, hostClass));
    const plan = this.#makePlan({ rules, client: clientClass, server: serverClass });
    this.#remember(clientClass, serverClass, hostClass, plan);
    return plan;
  }

  /** The most specific zone that holds an address, as a client's or a server's is judged. */
  zoneOf(addr: SockAddr, as: 'client' | 'server'): string {
    return (as === 'client' ? this.#clients : this.#servers).of(addr).zone;
  }

  #remember(client: AddressClass, server: AddressClass | undefined, host: HostClass, plan: Plan): void {
    if (this.#planCount >= PLAN_LIMIT) {
      this.#plans = new Map();
      this.#planCount = 0;
    }
    const byServer = entryOf(this.#plans, client);
    entryOf(byServer, server).set(host, plan);
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

function meets(rule: RuleConditions, client: AddressClass, server: AddressClass | undefined, host: HostClass): boolean {
  if (rule.clients !== undefined && !rule.clients.names.some((name) => client.names.has(name))) return false;
  if (rule.hosts !== undefined && !rule.hosts.some((pattern) => host.has(pattern))) return false;
  if (rule.servers === undefined || server === undefined) return true;
  const names = rule.serversAsEmbedded === true ? server.reachable : server.names;
  return rule.servers.names.some((name) => names.has(name));
}
