import type { SockAddr } from '../base/address.ts';
import { AccessDeniedError } from '../base/errors.ts';
import type { ServiceMode } from '../session/service.ts';
import { AccessDefaults } from './access-defaults.ts';
import {
  type AccessDecision,
  type AccessQuery,
  type AccessRule,
  type CompiledRule,
  compileRule,
} from './access-rule.ts';
import { hasPort } from './port-set.ts';
import { type PlanSubject, RuleTable } from './rule-table.ts';
import type { AddressZones } from '../zones/zones.ts';

export type { AccessDecision, AccessQuery, AccessRule } from './access-rule.ts';

export interface AccessPolicyOptions {
  readonly mode: ServiceMode;
  readonly zones: AddressZones;
  /** Place of the rules in the configuration, as it appears in rule names: `services.browser.access`. */
  readonly path: string;
}

/** The rules that are left for one class of client, server and host, and what the defaults say about it. */
interface AccessPlan {
  /** Met but for their ports, methods and users. */
  readonly rules: readonly CompiledRule[];
  readonly clientDenial: AccessDecision | undefined;
  /** Applies where the client chose the server. */
  readonly destinationDenial: AccessDecision | undefined;
}

/**
 * Who may go where, for one service. The first rule whose conditions are all met decides; safe defaults do when
 * none is:
 *
 * - Clients of a forward or transparent proxy must be on loopback or a private network.
 * - Where the client chose the server, a client never reaches an address more private than its own, and nobody
 *   reaches link-local (cloud metadata) and reserved addresses.
 * - Where the operator chose the server, it is allowed.
 *
 * An allow rule stands in for the first of these whatever it names. It stands in for the second only if it names
 * `servers`: one that names, say, only `clients` was written to let them in, not to open the metadata service to them,
 * so its allowance is still subject to that default. `servers: [public]` means every ordinary server;
 * `servers: [0.0.0.0/0]` means what it says, this machine and the metadata service included.
 *
 * A denial by `servers` also meets addresses that lead to them through an embedded IPv4 address (NAT64, 6to4, …).
 */
export class AccessPolicy {
  readonly #defaults: AccessDefaults;
  readonly #zones: AddressZones;
  readonly #table: RuleTable<CompiledRule, AccessPlan>;

  private constructor(rules: readonly CompiledRule[], options: AccessPolicyOptions) {
    const defaults = new AccessDefaults(options.mode, options.path);
    this.#defaults = defaults;
    this.#zones = options.zones;
    this.#table = new RuleTable(rules, options.zones, (subject) => makePlan(subject, defaults));
  }

  /** Throws {@link PolicyConfigurationError}, which says which rule cannot be meant. */
  static compile(rules: readonly AccessRule[], options: AccessPolicyOptions): AccessPolicy {
    const compiled = rules.map((rule, index) => compileRule(rule, index, options.path, options.zones));
    return new AccessPolicy(compiled, options);
  }

  /**
   * Decides, without garbage once a like query was seen. Without `server` the answer is `allow` or `deny` only if it
   * would be that for every address, else `depends`.
   */
  decide(query: AccessQuery): AccessDecision {
    const plan = this.#table.plan(query.client, query.server, query.target?.host);
    return query.server === undefined
      ? this.#decideUnresolved(plan, query)
      : this.#decideResolved(plan, query, query.server);
  }

  /** Changes whenever a decision may have changed: whoever keeps what followed from one compares it. */
  get generation(): number {
    return this.#zones.generation;
  }

  /** The most specific zone that holds an address, as a client's or a server's is judged. For the log: memoised. */
  zoneOf(addr: SockAddr, as: 'client' | 'server'): string {
    return this.#table.zoneOf(addr, as);
  }

  #decideResolved(plan: AccessPlan, query: AccessQuery, server: SockAddr): AccessDecision {
    const port = server.family === 'unix' ? query.target?.port : server.port;
    for (const rule of plan.rules) {
      if (!meetsPorts(rule, port) || !meetsMethodAndUser(rule, query)) continue;
      const opensServer = rule.namesServers || query.serverChosenBy === 'operator' || rule.decision.verdict === 'deny';
      return opensServer ? rule.decision : (plan.destinationDenial ?? rule.decision);
    }
    return this.#byDefault(plan, query);
  }

  #decideUnresolved(plan: AccessPlan, query: AccessQuery): AccessDecision {
    // The port asked for is the server's only where the client chooses the server.
    const port = query.serverChosenBy === 'client' ? query.target?.port : undefined;
    let mayAllow: AccessDecision | undefined;
    let mayDeny: AccessDecision | undefined;
    let final: AccessDecision | undefined;
    for (const rule of plan.rules) {
      const portIsOpen = rule.ports !== undefined && port === undefined;
      if (!(portIsOpen || meetsPorts(rule, port)) || !meetsMethodAndUser(rule, query)) continue;
      if (!rule.namesServers && !portIsOpen) {
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

/** The error of a denial. `remote` is the server's address, where it is known. */
export function accessDenied(decision: AccessDecision, remote?: SockAddr): AccessDeniedError {
  return new AccessDeniedError(decision.code, decision.reason, decision.rule, {
    ...(remote !== undefined && { address: remote }),
    ...(decision.setting !== undefined && { setting: decision.setting }),
  });
}

function makePlan({ rules, client, server }: PlanSubject<CompiledRule>, defaults: AccessDefaults): AccessPlan {
  // What comes after a rule that is met in any case is never looked at.
  const last = rules.findIndex(
    (rule) => !(rule.ports || rule.methods || rule.users) && (server !== undefined || !rule.namesServers),
  );
  return {
    rules: last === -1 ? rules : rules.slice(0, last + 1),
    clientDenial: defaults.client(client.builtin),
    destinationDenial: server && defaults.destination(client.builtin, server.builtin),
  };
}

function meetsPorts(rule: CompiledRule, port: number | undefined): boolean {
  return rule.ports === undefined || (port !== undefined && hasPort(rule.ports, port));
}

function meetsMethodAndUser(rule: CompiledRule, query: AccessQuery): boolean {
  return (rule.methods === undefined || meetsMethod(rule, rule.methods, query.method)) && meetsUser(rule, query);
}

/** Methods are case-sensitive, but some servers fold them: what is denied is denied in any case. */
function meetsMethod(rule: CompiledRule, methods: ReadonlySet<string>, method: string | undefined): boolean {
  if (method === undefined) return false;
  return methods.has(method) || (rule.decision.verdict === 'deny' && methods.has(method.toUpperCase()));
}

function meetsUser(rule: CompiledRule, query: AccessQuery): boolean {
  return rule.users === undefined || (query.user !== undefined && rule.users.has(query.user));
}
