import type { Chainer } from './chainer.ts';
import { compileMethods, refuseEmpty } from '../policy/access-rule.ts';
import { compileAddresses } from '../zones/address-classes.ts';
import { PolicyConfigurationError } from '../base/configuration-error.ts';
import { matchesPath, type PathPattern, readPathPattern } from '../conditions/path-pattern.ts';
import {
  compileRequestCondition,
  isMet,
  type NamedConditions,
  type RequestCondition,
} from '../conditions/request-condition.ts';
import { compileTimes, type WeekTimes, type WeekTimesDefinition } from '../conditions/week-times.ts';
import { compileHosts, type HostPattern } from '../hosts/host-patterns.ts';
import { compilePorts, hasPort, type PortSet } from '../policy/port-set.ts';
import { type RuleConditions, RuleTable } from '../policy/rule-table.ts';
import type { AddressZones } from '../zones/zones.ts';
import { RoutePlan } from './route-plan.ts';
import type { Route, RouteQuery } from './service.ts';

type OneOrMore<Value> = Value | readonly Value[];

/** The conditions of a route. Each one that is present must be met by one of its values. */
export interface RouteMatch {
  /** The requested host: exact, `*.suffix`, which does not match the suffix itself, or lists of hosts. */
  readonly host?: string | readonly HostPattern[] | undefined;
  /** The requested port. */
  readonly port?: OneOrMore<number> | undefined;
  /**
   * A prefix of the normalised path (see `normalisePath`), character by character: `/api/` matches `/api/users` but not
   * `/api`; `/api` matches both, and `/apikeys`. With a `*`, which stands for any characters, it is a pattern of the whole path. A request
   * without a path (CONNECT) does not match.
   */
  readonly path?: OneOrMore<string> | undefined;
  readonly field?: NamedConditions | undefined;
  /** Parameters of the query. */
  readonly query?: NamedConditions | undefined;
  readonly cookie?: NamedConditions | undefined;
  /** Times of the week. */
  readonly when?: readonly WeekTimesDefinition[] | undefined;
  readonly method?: OneOrMore<string> | undefined;
  /** Zone or CIDR of the client's address. */
  readonly client?: OneOrMore<string> | undefined;
  /** The authenticated user. */
  readonly user?: OneOrMore<string> | undefined;
}

/** A route as configured. Without `match` it matches every request. */
export interface RouteDefinition {
  /** Its path in the configuration: `services.web.routes[0]`. */
  readonly name: string;
  readonly match: RouteMatch | undefined;
  readonly chainer: Chainer;
}

export interface CompiledRoutes {
  /** The first route that matches, or undefined. */
  route(query: RouteQuery): Route | undefined;
  routeNamed(name: string): Route | undefined;
  /** Whether any route matches by path. */
  readonly routesByPath: boolean;
  /** See {@link Service.routesVary} and {@link Service.conditions}. */
  readonly routesVary: boolean;
  readonly conditions: readonly RequestCondition[];
  /** Whether the chainer of any route speaks TLS to its servers. */
  readonly speaksTls: boolean;
  /** See {@link Service.looksAtRequests} and {@link Service.changesFields}. */
  readonly looksAtRequests: boolean;
  readonly changesFields: boolean;
}

/** A route that is compiled: it may be part of several services, one after the other. */
export interface CompiledRoute extends RuleConditions {
  readonly route: Route;
  readonly ports: PortSet | undefined;
  /** Beginnings of paths; undefined for any path, and for none. */
  readonly paths: readonly string[] | undefined;
  /** Where beginnings do not say everything. */
  readonly patterns: readonly PathPattern[] | undefined;
  readonly methods: ReadonlySet<string> | undefined;
  readonly users: ReadonlySet<string> | undefined;
  readonly when: WeekTimes | undefined;
  readonly request: RequestCondition | undefined;
}

interface RouteRule extends CompiledRoute {
  readonly order: number;
}

/**
 * Compiles a service's routes. The cost of a look-up does not grow with the number of hosts, paths and clients in them. Throws
 * {@link PolicyConfigurationError}, with a path that starts at the route: `['match', 'port', 0]`.
 */
export function compileRoutes(routes: readonly RouteDefinition[], zones: AddressZones): CompiledRoutes {
  const compiled = routes.map((route) => compileRoute(route, zones));
  return joinRoutes(compiled, zones);
}

/** Makes a service's routes of compiled ones, in order. `zones`: those with which they were compiled, where they name any. */
export function joinRoutes(routes: readonly CompiledRoute[], zones: AddressZones): CompiledRoutes {
  const rules = routes.map((route, order): RouteRule => ({ ...route, order }));
  const chainers = routes.map(({ route }) => route.chainer);
  const table = new RuleTable(rules, zones, (subject) => new RoutePlan(subject.rules));
  return {
    routesByPath: rules.some(({ paths }) => paths !== undefined),
    routesVary: rules.some(varies),
    conditions: rules.flatMap(({ request }) => request ?? []),
    speaksTls: chainers.some((chainer) => chainer.speaksTls === true),
    looksAtRequests: chainers.some((chainer) => chainer.looksAtRequest === true),
    changesFields: chainers.some((chainer) => chainer.ownCookie !== undefined || chainer.answerFields !== undefined),
    route(query) {
      const plan = table.plan(query.client.address, undefined, query.target.host);
      return plan.first(query.path, (rule) => meets(rule, query))?.route;
    },
    routeNamed: (name) => rules.find(({ route }) => route.name === name)?.route,
  };
}

/** Whether it depends on more than target, method, path and user of a request. */
function varies({ hosts, when, request }: CompiledRoute): boolean {
  return when !== undefined || request !== undefined || hosts?.some((host) => typeof host === 'object') === true;
}

/** The conditions that the look-up by client, host and path does not cover. */
function meets({ ports, methods, users, patterns, when, request }: CompiledRoute, query: RouteQuery): boolean {
  if (patterns !== undefined && !isOneOf(patterns, query.path)) return false;
  if (when !== undefined && !when.holds(query.client.at ?? Date.now())) return false;
  if (request !== undefined && !isMet(request, query.met, 'strict')) return false;
  if (users !== undefined && (query.user === undefined || !users.has(query.user))) return false;
  if (ports !== undefined && !hasPort(ports, query.target.port)) return false;
  return methods === undefined || methods.has(query.method);
}

function isOneOf(patterns: readonly PathPattern[], path: string | undefined): boolean {
  return path !== undefined && patterns.some((pattern) => matchesPath(pattern, path));
}

const KEYS = { paths: 'path', fields: 'field', query: 'query', cookies: 'cookie' };

/** Compiles one route. Throws as {@link compileRoutes} does. */
export function compileRoute({ name, match = {}, chainer }: RouteDefinition, zones: AddressZones): CompiledRoute {
  const route: Route = Object.freeze({ name, chainer });
  const { host, port, path, method, client, user, when, field, query, cookie } = match;
  for (const [key, value] of Object.entries(match)) {
    if (Array.isArray(value)) refuseEmpty(value, name, ['match', key]);
  }
  return {
    route,
    hosts:
      host === undefined ? undefined : compileHosts(name, ['match', 'host'], typeof host === 'string' ? [host] : host),
    clients: client === undefined ? undefined : compileAddresses(name, ['match', 'client'], listOf(client), zones),
    ports: port === undefined ? undefined : compilePorts(name, ['match', 'port'], listOf(port)),
    methods: method === undefined ? undefined : compileMethods(name, ['match', 'method'], listOf(method)),
    users: user === undefined ? undefined : new Set(listOf(user)),
    ...(path === undefined ? { paths: undefined, patterns: undefined } : compilePaths(name, path)),
    when: compileTimes(name, ['match', 'when'], when),
    request: compileRequestCondition(
      name,
      ['match'],
      { fields: field, query, cookies: cookie },
      { keys: KEYS, strictness: 'strict' },
    ),
  };
}

/** Normalised as the paths are that they are compared with. */
function compilePaths(name: string, written: OneOrMore<string>): Pick<CompiledRoute, 'paths' | 'patterns'> {
  const patterns = listOf(written).map((path, index): PathPattern => {
    const read = readPathPattern(path);
    if ('prefix' in read) return read;
    const place = typeof written === 'string' ? [] : [index];
    throw new PolicyConfigurationError(name, ['match', 'path', ...place], read.problem);
  });
  const prefixes = patterns.map(({ prefix }) => prefix);
  // An empty prefix is a "*", which is for every path, but for no tunnel.
  const saysAll = patterns.every(({ prefix, glob }) => prefix !== '' && glob === undefined);
  return { paths: prefixes, patterns: saysAll ? undefined : patterns };
}

function listOf<Value extends string | number>(value: OneOrMore<Value>): readonly Value[] {
  return typeof value === 'object' ? value : [value];
}
