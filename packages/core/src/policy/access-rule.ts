import type { SockAddr, HostPort } from '../base/address.ts';
import { compileAddresses } from '../zones/address-classes.ts';
import { PolicyConfigurationError, type SettingPath } from '../base/configuration-error.ts';
import {
  compileRequestCondition,
  type MetConditions,
  type RequestCondition,
  type RequestConditions,
} from '../conditions/request-condition.ts';
import { compileTimes, type WeekTimes, type WeekTimesDefinition } from '../conditions/week-times.ts';
import { compileHosts, type HostPattern } from '../hosts/host-patterns.ts';
import { type CertificateCondition, type ClientCertificate, compileCertificates } from './client-certificate.ts';
import { compilePorts, type PortSet } from './port-set.ts';
import type { RuleConditions } from './rule-table.ts';
import type { AddressZones } from '../zones/zones.ts';

/** One access rule of a service, as configured. The rule matches when every condition that it has is met. */
export interface AccessRule extends RequestConditions {
  readonly action: 'allow' | 'deny';
  /** Zones or CIDRs that the client's address is in. */
  readonly clients?: readonly string[] | undefined;
  /** Zones or CIDRs that the server's resolved address is in. */
  readonly servers?: readonly string[] | undefined;
  /** Hosts as requested: exact, `*.suffix`, which does not match the suffix itself, `*` for every host, or lists of hosts. */
  readonly hosts?: readonly HostPattern[] | undefined;
  /** Ports and ranges of the server: `80`, `"8000-8099"`. */
  readonly ports?: readonly (number | string)[] | undefined;
  readonly methods?: readonly string[] | undefined;
  /** Authenticated users. */
  readonly users?: readonly string[] | undefined;
  /** Groups, one of which the authenticated user must be in. */
  readonly groups?: readonly string[] | undefined;
  /** Names of the client's certificate, or `any`: see {@link ClientCertificate}. */
  readonly certificates?: readonly string[] | undefined;
  /** Times of the week, one of which it must be. */
  readonly when?: readonly WeekTimesDefinition[] | undefined;
  /** A sentence for the user who is denied, instead of one that names the rule. */
  readonly reason?: string | undefined;
}

/** What a policy evaluates: one request, or one connection to a server. */
export interface AccessQuery {
  readonly client: SockAddr;
  /** The resolved address, or undefined before it is known. */
  readonly server: SockAddr | undefined;
  readonly serverChosenBy: 'client' | 'operator';
  readonly target: HostPort | undefined;
  readonly method: string | undefined;
  readonly user: string | undefined;
  /** Of the user. */
  readonly groups?: readonly string[] | undefined;
  /** The verified certificate of the client, where it showed one. */
  readonly certificate?: ClientCertificate | undefined;
  /** The conditions that the request meets. Undefined where there is no request to look at. */
  readonly met?: MetConditions;
  /** The time that counts, in milliseconds since 1970. Undefined: now. */
  readonly at?: number | undefined;
}

/** The result of an evaluation: the verdict, the rule that decided, and the reason for the user. Shared and read-only. */
export interface AccessDecision {
  /** `depends` means that it cannot be decided before the server's address is known. */
  readonly verdict: 'allow' | 'deny' | 'depends';
  /** The rule's place in the configuration (`services.web.access[1]`), or a default's name (`default: …`). */
  readonly rule: string;
  /** One sentence. */
  readonly reason: string;
  /** The code of the error that a denial becomes. */
  readonly code: 'destination_ip_prohibited' | 'http_request_denied';
  /** The setting that would change the outcome. */
  readonly setting?: string;
  /** The name of the list of hosts that the rule found the host in, where it did. Not part of the reason, which clients see. */
  readonly list?: string;
}

export interface CompiledRule extends RuleConditions {
  readonly namesServers: boolean;
  readonly ports: PortSet | undefined;
  readonly methods: ReadonlySet<string> | undefined;
  readonly users: ReadonlySet<string> | undefined;
  readonly groups: ReadonlySet<string> | undefined;
  readonly certificates: CertificateCondition | undefined;
  readonly when: WeekTimes | undefined;
  /** Read wide in deny rules, strict in allow rules: see `Strictness`. */
  readonly request: RequestCondition | undefined;
  readonly decision: AccessDecision;
  /** The decision when the rule matches but for the server's address, which is not known yet. */
  readonly pending: AccessDecision;
}

const LISTS = [
  'clients',
  'servers',
  'hosts',
  'ports',
  'methods',
  'users',
  'groups',
  'certificates',
  'paths',
  'when',
] as const;
const KEYS = { paths: 'paths', fields: 'fields', query: 'query', cookies: 'cookies' };
const COMMON_METHODS = /^(?:CONNECT|DELETE|GET|HEAD|OPTIONS|PATCH|POST|PUT|TRACE)$/;
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Throws {@link PolicyConfigurationError}. `base` is the path of the list of rules. */
export function compileRule(rule: AccessRule, index: number, base: string, zones: AddressZones): CompiledRule {
  const path = [index, rule.action];
  for (const list of LISTS) refuseEmpty(rule[list], base, [...path, list]);
  const addresses = (list: 'clients' | 'servers') =>
    rule[list] && compileAddresses(base, [...path, list], rule[list], zones);
  const setting = `${base}[${index}]`;
  const code = rule.servers === undefined ? 'http_request_denied' : 'destination_ip_prohibited';
  const reason = rule.action === 'allow' ? `The rule ${setting} allows it.` : `The rule ${setting} denies it.`;
  return {
    clients: addresses('clients'),
    servers: addresses('servers'),
    serversAsEmbedded: rule.action === 'deny',
    hosts: rule.hosts && compileHosts(base, [...path, 'hosts'], rule.hosts, true),
    namesServers: rule.servers !== undefined,
    ports: rule.ports && compilePorts(base, [...path, 'ports'], rule.ports),
    methods: rule.methods && methodsOf(rule.action, compileMethods(base, [...path, 'methods'], rule.methods)),
    users: rule.users && new Set(rule.users),
    groups: rule.groups && new Set(rule.groups),
    certificates: rule.certificates && compileCertificates(base, [...path, 'certificates'], rule.certificates),
    when: compileTimes(base, [...path, 'when'], rule.when),
    request: compileRequestCondition(base, path, rule, {
      keys: KEYS,
      strictness: rule.action === 'deny' ? 'wide' : 'strict',
    }),
    decision: Object.freeze({ verdict: rule.action, rule: setting, reason: rule.reason ?? reason, code, setting }),
    pending: Object.freeze({
      verdict: 'depends',
      rule: setting,
      reason: 'It depends on the address of the server.',
      code,
      setting,
    }),
  };
}

/** Adds the methods of a deny rule in upper case, because `AccessPolicy` looks for these in upper case too. */
function methodsOf(action: AccessRule['action'], methods: ReadonlySet<string>): ReadonlySet<string> {
  if (action === 'allow') return methods;
  return new Set([...methods, ...Array.from(methods, (method) => method.toUpperCase())]);
}

/**
 * Compiles the methods of a rule or route. Methods are case-sensitive (RFC 9110 section 9.1). `patch` alone is refused,
 * because PATCH is meant. A list with both `patch` and `PATCH` is accepted.
 */
export function compileMethods(base: string, path: SettingPath, methods: readonly string[]): ReadonlySet<string> {
  methods.forEach((method, index) => {
    const upper = method.toUpperCase();
    if (!TOKEN.test(method)) {
      throw new PolicyConfigurationError(base, [...path, index], `"${method}" is not a method.`);
    }
    if (method !== upper && COMMON_METHODS.test(upper) && !methods.includes(upper)) {
      throw new PolicyConfigurationError(base, [...path, index], `Methods are case-sensitive: write ${upper}.`);
    }
  });
  return new Set(methods);
}

/** Refuses an empty list, because a deny rule with one would silently match nothing. */
export function refuseEmpty(list: readonly unknown[] | undefined, base: string, path: SettingPath): void {
  if (list?.length !== 0) return;
  throw new PolicyConfigurationError(base, path, 'An empty list matches nothing; leave it out to match everything.');
}
