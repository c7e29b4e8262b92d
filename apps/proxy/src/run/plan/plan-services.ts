import type { NatRule } from '@inband/core';
import {
  defaultHttpOptions,
  type HttpOptions,
  type RouteAnswer,
  type RouteAnswers,
  type RouteRewrites,
} from '@inband/http-proxy';
import { defaultTlsGuardOptions } from '@inband/tls-guard';
import { resolve } from 'node:path';
import type { ParsedConfig } from '../../config/parse-config.ts';
import { type ConfigPath, formatPath, isRecord } from '../../config/problem/problem.ts';
import type {
  AccessRuleConfig,
  HostConfig,
  NatRuleConfig,
  RouteConfig,
  ServiceConfig,
} from '../../config/schema/schema.ts';
import { wantsNotes } from '../../lines/noted-fields.ts';
import { ChainerPlanner } from './plan-chainers.ts';
import { fieldRulesOf, fieldValuesOf } from './plan-fields.ts';
import type { HostCondition, Planned, PlannedAuth, PlannedRule, Ref, Values } from './planned.ts';
import { frozen, type Planner, refTo } from './planner.ts';
import { identityOf } from './plugin-identity.ts';
import { secureHostsOf } from './secure-hosts.ts';
import { withoutUndefined } from './without-undefined.ts';

export interface ServicePlannerDeps {
  readonly parsed: ParsedConfig;
  readonly resolver: Ref<'resolver'>;
  readonly zones: Ref<'zone-table'>;
}

/** Plans services with their rules, routes and chainers. A service that a chainer stacks is planned before that chainer. */
export class ServicePlanner {
  readonly #planner: Planner;
  readonly #deps: ServicePlannerDeps;
  readonly #chainers: ChainerPlanner;
  readonly #proxies = new Map<string, Ref<'proxy'>>();
  /** By the paths of their files. */
  readonly #hostLists = new Map<string, Ref<'host-list'>>();

  constructor(planner: Planner, deps: ServicePlannerDeps) {
    this.#planner = planner;
    this.#deps = deps;
    this.#chainers = new ChainerPlanner(planner, { ...deps, proxyOf: (service) => this.proxyOf(service) });
  }

  /** Plans a service, unless it is planned already. The configuration must be checked: a service must not stack itself. */
  proxyOf(name: string): Ref<'proxy'> {
    const known = this.#proxies.get(name);
    if (known !== undefined) return known;
    const { services, log, acme } = this.#deps.parsed.config;
    const config = services[name];
    if (config === undefined) throw new Error(`The service "${name}" does not exist.`);
    const service = this.#planService(name, config);
    const errorPages = this.#deps.parsed.errorPages.pages.get(name) ?? {};
    const proxy = refTo(
      this.#planner.add(
        'proxy',
        ['services', name],
        proxyValue({ service, zones: this.#deps.zones }, config, {
          errorPages,
          secureHosts: secureHostsOf(this.#deps.parsed.config, name),
          notesRequests: wantsNotes(log),
          auth: plannedAuth(name, config, this.#deps.parsed),
          filters: this.#planFilters(name, config),
          resolver: config.filters && this.#deps.resolver,
          showsChallenges: config.mode === 'reverse' && acme?.challenge === 'http-01',
          trustedProxies: config.trustedProxies,
          routeAnswers: answersOf(name, config, this.#deps.parsed.baseDirectory),
          routeRewrites: rewritesOf(name, config),
          fieldRules: fieldRulesOf(name, config, this.#deps.parsed.baseDirectory),
          limits: config.limits,
        }),
      ),
    );
    this.#proxies.set(name, proxy);
    return proxy;
  }

  #planService(name: string, config: ServiceConfig): Ref<'service'> {
    const { zones } = this.#deps;
    const { mode } = config;
    const base = ['services', name];
    const rules = config.access.map((rule, index) => this.#planRule(rule, [...base, 'access', index]));
    const access = { place: formatPath([...base, 'access']), mode, rules, zones };
    const policy = refTo(this.#planner.add('policy', [...base, 'access'], frozen(access)));
    const routes = config.routes.map((route, index) => this.#planRoute(name, route, index));
    const nat = this.#planNat(name, config.nat);
    const onlyPicksUp = routes.every(({ chainer }) => chainer?.value.picksUp !== false);
    const value = { name, mode, policy, nat, routes: routes.map(({ route }) => route), onlyPicksUp, zones };
    const content = { ...value, routes: value.routes.map(({ hash }) => hash) };
    return refTo(this.#planner.add('service', base, frozen(value), content));
  }

  #planFilters(service: string, { filters }: ServiceConfig): Ref<'filter'>[] | undefined {
    const { registry, pluginOptions, baseDirectory } = this.#deps.parsed;
    return filters?.map((written, index) => {
      const path = ['services', service, 'filters', index];
      const { timeout, maximumBody } = written;
      const common = { service, timeout, maximumBody };
      if (isOfProgram(written)) {
        const value = { ...common, from: 'program', functions: written.functions } as const;
        return refTo(this.#planner.add('filter', path, Object.freeze(value)));
      }
      const { type } = written;
      const plugin = identityOf(registry.filter(type));
      const options = pluginOptions.get(formatPath(path));
      const value = { ...common, from: 'plugin', type, plugin, options, baseDirectory } as const;
      return refTo(this.#planner.add('filter', path, Object.freeze(value)));
    });
  }

  #planRule({ allow, deny }: AccessRuleConfig, path: ConfigPath): PlannedRule {
    const action = deny === undefined ? 'allow' : 'deny';
    const { hosts, ...conditions } = deny ?? allow ?? {};
    return {
      action,
      ...conditions,
      ...(hosts && { hosts: this.#planHosts(hosts, [...path, action, 'hosts']) }),
    };
  }

  #planHosts(hosts: readonly HostConfig[], path: ConfigPath): HostCondition {
    if (hosts.every((host) => typeof host === 'string')) return hosts;
    return hosts.flatMap((host): HostCondition =>
      typeof host === 'string' ? [host] : host.file.map((name) => this.#planHostList(name, path)),
    );
  }

  /** One for each file, whatever uses it. */
  #planHostList(name: string, place: ConfigPath): Ref<'host-list'> {
    const path = resolve(this.#deps.parsed.baseDirectory, name);
    let list = this.#hostLists.get(path);
    if (list === undefined) {
      list = refTo(this.#planner.add('host-list', place, frozen({ path, name })));
      this.#hostLists.set(path, list);
    }
    return list;
  }

  #planRoute(
    service: string,
    config: RouteConfig,
    index: number,
  ): { readonly route: Ref<'route'>; readonly chainer: Planned<'chainer'> | undefined } {
    const { match = {}, chainer: written } = config;
    const path = ['services', service, 'routes', index];
    const name = formatPath(path);
    const answers = answerKindOf(config);
    const at = { path: [...path, 'chainer'], place: `${name}.chainer` };
    const chainer = answers === undefined ? this.#chainers.planAt(service, at, written) : undefined;
    const zones = this.#deps.parsed.zoneRoutes.has(name) ? this.#deps.zones : undefined;
    const host = match.host && this.#planHosts(match.host, [...path, 'match', 'host']);
    const value = {
      name,
      match: { ...match, host },
      chainer: chainer && refTo(chainer),
      answers,
      zones,
    };
    const content = [name, value.match, value.chainer?.hash, answers, zones?.hash];
    return { route: refTo(this.#planner.add('route', path, frozen(value), content, name)), chainer };
  }

  #planNat(service: string, rules: readonly NatRuleConfig[]): Ref<'nat'> | undefined {
    if (rules.length === 0) return undefined;
    const path = ['services', service, 'nat'];
    const value = { place: formatPath(path), rules: rules.map(toNatRule), zones: this.#deps.zones };
    return refTo(this.#planner.add('nat', path, frozen(value)));
  }
}

function proxyValue(
  refs: { readonly service: Ref<'service'>; readonly zones: Ref<'zone-table'> },
  { proxy, mode, tls = {}, http = {} }: ServiceConfig,
  more: Pick<
    Extract<Values['proxy'], { readonly speaks: 'http' }>,
    | 'secureHosts'
    | 'notesRequests'
    | 'auth'
    | 'filters'
    | 'resolver'
    | 'showsChallenges'
    | 'trustedProxies'
    | 'routeAnswers'
    | 'routeRewrites'
    | 'fieldRules'
    | 'limits'
  > &
    Pick<HttpOptions, 'errorPages'>,
): Values['proxy'] {
  const { errorPages, ...rest } = more;
  if (proxy === 'tls') {
    const options = { ...defaultTlsGuardOptions, ...withoutUndefined(tls) };
    return frozen({ ...refs, speaks: 'tls', options, limits: rest.limits });
  }
  const { via: _ofProcess, ...usual } = defaultHttpOptions(mode);
  return frozen({
    ...refs,
    speaks: 'http',
    options: { ...usual, ...withoutUndefined(http), errorPages },
    ...rest,
  });
}

type FilterConfig = NonNullable<ServiceConfig['filters']>[number];

function isOfProgram(filter: FilterConfig): filter is Extract<FilterConfig, { readonly type: undefined }> {
  return filter.type === undefined;
}

/** The ways by which the clients of a service say who they are, in order. Undefined where they are not asked. */
function plannedAuth(
  service: string,
  { auth }: Pick<ServiceConfig, 'auth'>,
  { registry, pluginOptions, prepared, baseDirectory }: ParsedConfig,
): readonly PlannedAuth[] | undefined {
  return auth?.map(({ type }, index) => {
    const path = ['services', service, 'auth'];
    const [inList, alone] = [formatPath([...path, index]), formatPath(path)];
    const place = pluginOptions.has(inList) ? inList : alone;
    const made = prepared.get(place);
    // Frozen here, so that the options, which belong to the plugin, are not.
    return Object.freeze({
      place,
      type,
      plugin: identityOf(registry.auth(type)),
      options: pluginOptions.get(place),
      identity: isRecord(made) ? made.identity : undefined,
      baseDirectory,
    });
  });
}

function answerKindOf({ respond, redirect }: RouteConfig): RouteAnswer['kind'] | undefined {
  if (respond !== undefined) return 'respond';
  return redirect && 'redirect';
}

/** `base`: the folder to which files are relative. */
function answerOf({ respond, redirect }: RouteConfig, base: string): RouteAnswer | undefined {
  if (respond !== undefined) {
    const fields = fieldValuesOf(respond.fields, (path) => resolve(base, path));
    return { kind: 'respond', respond: { ...respond, fields, body: respond.body } };
  }
  return redirect && { kind: 'redirect', redirect };
}

/** By the names of routes. */
function answersOf(service: string, { routes }: ServiceConfig, base: string): RouteAnswers | undefined {
  const answers = routes.flatMap((route, index) => {
    const answer = answerOf(route, base);
    return answer === undefined ? [] : [[formatPath(['services', service, 'routes', index]), answer] as const];
  });
  return answers.length === 0 ? undefined : Object.fromEntries(answers);
}

/** By the names of routes. */
function rewritesOf(service: string, { routes }: ServiceConfig): RouteRewrites | undefined {
  const rewrites = routes.flatMap(({ rewrite, match }, index) => {
    if (rewrite === undefined) return [];
    const { path: to, host, answers } = rewrite;
    // The check has seen to it that it is one.
    const [from] = match?.path ?? [];
    const path = to === undefined || from === undefined ? undefined : { from, to };
    return [[formatPath(['services', service, 'routes', index]), { path, host, answers }] as const];
  });
  return rewrites.length === 0 ? undefined : Object.fromEntries(rewrites);
}

function toNatRule({ dnat, snat }: NatRuleConfig): NatRule {
  return dnat === undefined ? { action: 'snat', ...snat } : { action: 'dnat', ...dnat };
}
