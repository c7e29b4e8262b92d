import type { ServiceMode } from './service-mode.ts';
import type { SockAddr } from '../base/address.ts';
import { AccessDeniedError } from '../base/errors.ts';
import { isMet, type RequestCondition } from '../conditions/request-condition.ts';
import type { WeekTimes } from '../conditions/week-times.ts';
import { AccessDefaults } from './access-defaults.ts';
import {
  type AccessDecision,
  type AccessQuery,
  type AccessRule,
  type CompiledRule,
  compileRule,
} from './access-rule.ts';
import type { HostClass } from '../hosts/host-patterns.ts';
import { matchesCertificate } from './client-certificate.ts';
import { hasPort } from './port-set.ts';
import { type PlanSubject, RuleTable } from './rule-table.ts';
import type { AddressZones } from '../zones/zones.ts';
import { isForUser } from './user-condition.ts';

export type { AccessDecision, AccessQuery, AccessRule } from './access-rule.ts';

export interface AccessPolicyOptions {
  readonly mode: ServiceMode;
  readonly zones: AddressZones;
  /** Place of the rules in the configuration, as it appears in rule names: `services.browser.access`. */
  readonly path: string;
}

/** The rules that can match one class of client, server and host, and the defaults for that class. */
interface AccessPlan {
  /** Rules whose addresses and hosts match. Their other conditions are evaluated per request. */
  readonly rules: readonly CompiledRule[];
  readonly clientDenial: AccessDecision | undefined;
  /** Applies where the client chose the server. */
  readonly destinationDenial: AccessDecision | undefined;
}

/**
 * The access control list (ACL) of one service: which client may reach which server. The first rule that matches decides. These
 * defaults decide when no rule matches:
 *
 * - Clients of a forward or transparent proxy must be on loopback or a private network.
 * - Where the client chose the server, a client never reaches an address more private than its own, and no client
 *   reaches link-local (cloud metadata) and reserved addresses.
 * - Where the operator chose the server, it is allowed.
 *
 * An allow rule replaces the first default whatever its conditions are. It replaces the second default only if it has
 * `servers`, because a rule with only `clients` was written to let these clients in, not to open the metadata service to
 * them. `servers: [public]` means every ordinary server. `servers: [0.0.0.0/0]` includes this machine and the metadata
 * service.
 *
 * What rules ask of the request itself (`paths`, `fields`, `query`, `cookies`) is evaluated once, when it is understood: see
 * {@link AccessPolicy.conditions}.
 *
 * A deny rule with `servers` also matches IPv6 addresses that embed the IPv4 address of such a server (NAT64, 6to4, …).
 */
export class AccessPolicy {
  readonly #defaults: AccessDefaults;
  readonly #zones: AddressZones;
  readonly #table: RuleTable<CompiledRule, AccessPlan>;
  readonly #times: readonly WeekTimes[];
  /** What rules ask of a request. Whoever understands it says which of these it meets (`AccessQuery.met`). */
  readonly conditions: readonly RequestCondition[];

  private constructor(rules: readonly CompiledRule[], options: AccessPolicyOptions) {
    const defaults = new AccessDefaults(options.mode, options.path);
    this.#defaults = defaults;
    this.#zones = options.zones;
    this.#times = rules.flatMap(({ when }) => when ?? []);
    this.conditions = rules.flatMap(({ request }) => request ?? []);
    this.#table = new RuleTable(rules, options.zones, (subject) => makePlan(subject, defaults));
  }

  /** Throws {@link PolicyConfigurationError}, which names the rule that is wrong. */
  static compile(rules: readonly AccessRule[], options: AccessPolicyOptions): AccessPolicy {
    const compiled = rules.map((rule, index) => compileRule(rule, index, options.path, options.zones));
    return new AccessPolicy(compiled, options);
  }

  /**
   * Evaluates the rules and defaults. Allocates nothing once a query of the same classes was seen. Without `server` the
   * verdict is `allow` or `deny` only if it is the same for every address of a server, else `depends`.
   */
  decide(query: AccessQuery): AccessDecision {
    const plan = this.#table.plan(query.client, query.server, query.target?.host);
    return query.server === undefined
      ? this.#decideUnresolved(plan, query)
      : this.#decideResolved(plan, query, query.server);
  }

  /**
   * Evaluates the rules for a server whose address nobody here knows, because a parent proxy resolves its name. Rules with `servers` are
   * passed over: they cannot be kept. Where the client chose the server, only an allow rule with `hosts` lets it through.
   */
  decideByName(query: AccessQuery): AccessDecision {
    const plan = this.#table.plan(query.client, undefined, query.target?.host);
    for (const rule of plan.rules) {
      if (rule.namesServers || !matchesPorts(rule, query.target?.port) || !matchesRequest(rule, query)) continue;
      const isEnough =
        rule.hosts !== undefined || query.serverChosenBy === 'operator' || rule.decision.verdict === 'deny';
      return isEnough ? rule.decision : this.#defaults.knownByName;
    }
    if (plan.clientDenial !== undefined) return plan.clientDenial;
    return query.serverChosenBy === 'operator' ? this.#defaults.operatorChose : this.#defaults.knownByName;
  }

  /** The zones that its rules may name. */
  get zones(): AddressZones {
    return this.#zones;
  }

  /**
   * Whether a client may ask for anything at all: no unconditional denial comes before every rule that allows it something.
   * Rules for users and certificates, and those for other times, are passed over. Not memoised, because only pages of the proxy itself ask.
   */
  admits(client: SockAddr): boolean {
    const { rules, builtin } = this.#table.rulesFor(client);
    for (const rule of rules) {
      if (rule.users !== undefined || rule.groups !== undefined || rule.certificates !== undefined) continue;
      if (rule.when?.holds(Date.now()) === false) continue;
      if (rule.decision.verdict === 'allow') return true;
      if (!(rule.namesServers || rule.hosts || rule.ports || rule.methods || rule.request)) return false;
    }
    return this.#defaults.client(builtin) === undefined;
  }

  /** Whether a rule has times. What was decided before a step that waits may be decided differently behind it. */
  get hasTimes(): boolean {
    return this.#times.length > 0;
  }

  /** Changes whenever a decision may have changed. A cache of what followed from decisions compares it. */
  get generation(): number {
    const generation = this.#zones.generation + this.#table.generation;
    return this.#times.length === 0 ? generation : generation + changesOf(this.#times);
  }

  /** The most specific zone that holds the address of a client or of a server. Memoised, because every log line asks. */
  zoneOf(addr: SockAddr, as: 'client' | 'server'): string {
    return this.#table.zoneOf(addr, as);
  }

  #decideResolved(plan: AccessPlan, query: AccessQuery, server: SockAddr): AccessDecision {
    const port = server.family === 'unix' ? query.target?.port : server.port;
    for (const rule of plan.rules) {
      if (!matchesPorts(rule, port) || !matchesRequest(rule, query)) continue;
      const overridesDefault =
        rule.namesServers || query.serverChosenBy === 'operator' || rule.decision.verdict === 'deny';
      return overridesDefault ? rule.decision : (plan.destinationDenial ?? rule.decision);
    }
    return this.#byDefault(plan, query);
  }

  #decideUnresolved(plan: AccessPlan, query: AccessQuery): AccessDecision {
    // An operator's server may have another port than the one that the client asked for.
    const port = query.serverChosenBy === 'client' ? query.target?.port : undefined;
    let mayAllow: AccessDecision | undefined;
    let mayDeny: AccessDecision | undefined;
    let final: AccessDecision | undefined;
    for (const rule of plan.rules) {
      const portIsUnknown = rule.ports !== undefined && port === undefined;
      if (!(portIsUnknown || matchesPorts(rule, port)) || !matchesRequest(rule, query)) continue;
      if (!rule.namesServers && !portIsUnknown) {
        final = rule.decision;
        break;
      }
      if (rule.decision.verdict === 'allow') mayAllow ??= rule.pending;
      else mayDeny ??= rule.pending;
    }
    final ??= plan.clientDenial ?? this.#defaults.operatorChose;
    if (final.verdict === 'deny') return mayAllow ?? final;
    return mayDeny ?? (query.serverChosenBy === 'client' ? (mayAllow ?? this.#defaults.pending) : final);
  }

  #byDefault(plan: AccessPlan, query: AccessQuery): AccessDecision {
    if (plan.clientDenial !== undefined) return plan.clientDenial;
    if (query.serverChosenBy === 'operator') return this.#defaults.operatorChose;
    return plan.destinationDenial ?? this.#defaults.allowed;
  }
}

/** Makes the error of a denial. `remote` is the server's address, where it is known. */
export function accessDenied(decision: AccessDecision, remote?: SockAddr): AccessDeniedError {
  return new AccessDeniedError(decision.code, decision.reason, decision.rule, {
    ...(remote !== undefined && { address: remote }),
    ...(decision.setting !== undefined && { setting: decision.setting }),
    ...(decision.list !== undefined && { list: decision.list }),
  });
}

function makePlan(
  { rules: met, client, server, host }: PlanSubject<CompiledRule>,
  defaults: AccessDefaults,
): AccessPlan {
  const rules = met.map((rule) => namingList(rule, host));
  // The rules after one that always matches are never evaluated.
  const last = rules.findIndex(
    (rule) =>
      !(rule.ports || rule.methods || rule.users || rule.groups || rule.certificates || rule.when || rule.request) &&
      (server !== undefined || !rule.namesServers),
  );
  return {
    rules: last === -1 ? rules : rules.slice(0, last + 1),
    clientDenial: defaults.client(client.builtin),
    destinationDenial: server && defaults.destination(client.builtin, server.builtin),
  };
}

/** A rule whose decisions say in which list it found the host, where it did. */
function namingList(rule: CompiledRule, host: HostClass): CompiledRule {
  const matching = rule.hosts?.find((pattern) => host.has(pattern));
  if (typeof matching !== 'object') return rule;
  const { name: list } = matching;
  return {
    ...rule,
    decision: Object.freeze({ ...rule.decision, list }),
    pending: Object.freeze({ ...rule.pending, list }),
  };
}

function matchesPorts(rule: CompiledRule, port: number | undefined): boolean {
  return rule.ports === undefined || (port !== undefined && hasPort(rule.ports, port));
}

/** The conditions beside those on addresses, hosts and ports. */
function matchesRequest(rule: CompiledRule, query: AccessQuery): boolean {
  if (rule.methods !== undefined && !matchesMethod(rule, rule.methods, query.method)) return false;
  if (rule.when !== undefined && !rule.when.holds(query.at ?? Date.now())) return false;
  if (rule.request !== undefined && !meetsRequest(rule, rule.request, query)) return false;
  return matchesWho(rule, query);
}

function meetsRequest({ decision }: CompiledRule, condition: RequestCondition, { met }: AccessQuery): boolean {
  return isMet(condition, met, decision.verdict === 'deny' ? 'wide' : 'strict');
}

function changesOf(times: readonly WeekTimes[]): number {
  const now = Date.now();
  return times.reduce((sum, when) => sum + when.changes(now), 0);
}

/**
 * Methods are case-sensitive (RFC 9110 section 9.1). A deny rule matches a method in every case, because some servers fold
 * case: a rule for `DELETE` also denies `delete`.
 */
function matchesMethod(rule: CompiledRule, methods: ReadonlySet<string>, method: string | undefined): boolean {
  if (method === undefined) return false;
  return methods.has(method) || (rule.decision.verdict === 'deny' && methods.has(method.toUpperCase()));
}

function matchesWho(rule: CompiledRule, query: AccessQuery): boolean {
  if (rule.certificates !== undefined && !matchesCertificate(rule.certificates, query.certificate)) return false;
  return isForUser(rule, query);
}
